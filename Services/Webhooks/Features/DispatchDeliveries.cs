using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Hosting;
using ArdorQr.Webhooks.Database;
using Microsoft.Extensions.Options;

namespace ArdorQr.Webhooks.Features;

/// <summary>
/// Claims due deliveries and attempts them side by side. It is woken by what this process commits and by each attempt
/// that ends; polling finds what is due by time and what other processes left behind. When the process stops, what is
/// in flight is finished. Endpoints that fail or are slow share a part of the places, and the fuller the places are, the
/// fewer one endpoint gets: however many hang until the time-out, there is room for those that answer.
/// </summary>
internal sealed partial class DispatchDeliveries(
    ServiceDatabase database, AttemptDelivery attempt, DeliverySignal signal, IOptions<WebhooksOptions> options,
    TimeProvider time, ILogger<DispatchDeliveries> logger) : BackgroundService
{
    private const int MaxBatch = 100;
    private const int TroubledShare = 4; // One in so many places is for endpoints that fail or are slow.
    private const int MaxPerEndpointWhenHalfFull = 2;

    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    private int _inFlight;
    private int _troubledInFlight;
    private readonly HashSet<Task> _running = [];
    private readonly Setbacks _setbacks = new(logger, "Claiming due deliveries");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                if (await DispatchAsync(stoppingToken) < MaxBatch)
                {
                    await signal.WaitAsync(PollInterval, time, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }

        await Task.WhenAll(_running);
    }

    /// <summary>Starts what is due and fits; returns how many.</summary>
    private async Task<int> DispatchAsync(CancellationToken cancellationToken)
    {
        var limits = LimitsNow();
        if (limits.Total <= 0)
        {
            return 0;
        }

        try
        {
            await using var connection = await database.OpenAsync(cancellationToken);
            var claims = await DeliveryClaims.TakeAsync(connection, limits, cancellationToken);
            _running.RemoveWhere(task => task.IsCompleted);
            foreach (var claim in claims)
            {
                Interlocked.Increment(ref _inFlight);
                Interlocked.Add(ref _troubledInFlight, claim.IsTroubled ? 1 : 0);
                _running.Add(AttemptAsync(claim));
            }

            _setbacks.Over();
            return claims.Count;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(_setbacks.After(exception), time, cancellationToken); // The rows stay.
            return 0;
        }
    }

    private ClaimLimits LimitsNow()
    {
        var settings = options.Value;
        var inFlight = Volatile.Read(ref _inFlight);
        var troubled = Math.Max(settings.MaxInFlight / TroubledShare, 1) - Volatile.Read(ref _troubledInFlight);
        var perEndpoint = inFlight < settings.MaxInFlight / 2
            ? settings.MaxInFlightPerEndpoint
            : Math.Min(settings.MaxInFlightPerEndpoint, MaxPerEndpointWhenHalfFull);
        return new ClaimLimits(
            Math.Min(settings.MaxInFlight - inFlight, MaxBatch), Math.Max(troubled, 0), perEndpoint,
            settings.MaxInFlightPerFailingEndpoint);
    }

    private async Task AttemptAsync(ClaimedDelivery claim)
    {
        await Task.Yield();
        try
        {
            await attempt.ExecuteAsync(claim, CancellationToken.None); // Bounded by its own time-out; a stop waits for it.
        }
        catch (Exception exception)
        {
            LogAttemptFailed(claim.Id, exception); // The lease runs out, and the delivery is claimed again.
        }
        finally
        {
            Interlocked.Add(ref _troubledInFlight, claim.IsTroubled ? -1 : 0);
            Interlocked.Decrement(ref _inFlight);
            signal.Wake(); // The endpoint, or another, may have waited for this place.
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Delivery {DeliveryId} could not be attempted or recorded; its lease will run out")]
    private partial void LogAttemptFailed(Guid deliveryId, Exception exception);
}
