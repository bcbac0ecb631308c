using ArdorQr.ServiceDefaults.Database;
using ArdorQr.Webhooks.Database;
using Microsoft.Extensions.Options;

namespace ArdorQr.Webhooks.Features;

/// <summary>
/// Claims due deliveries and attempts them side by side. It is woken by what this process commits and by each attempt
/// that ends; polling finds what is due by time and what other processes left behind. When the process stops, what is
/// in flight is finished.
/// </summary>
internal sealed partial class DispatchDeliveries(
    ServiceDatabase database, AttemptDelivery attempt, DeliverySignal signal, IOptions<WebhooksOptions> options,
    TimeProvider time, ILogger<DispatchDeliveries> logger) : BackgroundService
{
    private const int MaxBatch = 100;

    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    private int _inFlight;
    private readonly HashSet<Task> _running = [];

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
        var settings = options.Value;
        var free = Math.Min(settings.MaxInFlight - Volatile.Read(ref _inFlight), MaxBatch);
        if (free <= 0)
        {
            return 0;
        }

        try
        {
            await using var connection = await database.OpenAsync(cancellationToken);
            var claims = await DeliveryClaims.TakeAsync(
                connection, free, settings.MaxInFlightPerEndpoint, settings.MaxInFlightPerFailingEndpoint, cancellationToken);
            _running.RemoveWhere(task => task.IsCompleted);
            foreach (var claim in claims)
            {
                Interlocked.Increment(ref _inFlight);
                _running.Add(AttemptAsync(claim));
            }

            return claims.Count;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogClaimFailed(exception); // The rows stay; the next tick takes them again.
            return 0;
        }
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
            Interlocked.Decrement(ref _inFlight);
            signal.Wake(); // The endpoint, or another, may have waited for this place.
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Due deliveries could not be claimed; it will be tried again")]
    private partial void LogClaimFailed(Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Delivery {DeliveryId} could not be attempted or recorded; its lease will run out")]
    private partial void LogAttemptFailed(Guid deliveryId, Exception exception);
}
