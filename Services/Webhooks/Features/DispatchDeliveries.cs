using System.Collections.Concurrent;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Hosting;
using ArdorQr.ServiceDefaults.Recovery;
using ArdorQr.Webhooks.Database;
using Microsoft.Extensions.Options;

namespace ArdorQr.Webhooks.Features;

/// <summary>
/// Attempts side by side what this process has claimed: events that it stored under a lease of its own, and due
/// deliveries that it claims, a little ahead of what fits. It looks for those when this process has committed some, and
/// when an attempt ends that they waited for; polling finds what is due by time and what other processes left behind.
/// When the process stops, what is in flight is finished and the rest given back. Endpoints that fail or are slow share
/// a part of the places, and the fuller the places are, the fewer one endpoint gets: however many hang until the
/// time-out, there is room for those that answer.
/// </summary>
internal sealed partial class DispatchDeliveries(
    ServiceDatabase database, AttemptDelivery attempt, ClaimedWork work, DeliverySignal signal, RecoveryGate gate,
    IOptions<WebhooksOptions> options, TimeProvider time, ILogger<DispatchDeliveries> logger) : BackgroundService
{
    /// <summary>What is left of a lease after a longer wait is too short for an attempt and its recording.</summary>
    private const int MaxQueuedSeconds = 15;

    /// <summary>The endpoint's settings may have been changed in a longer wait, and are looked at again.</summary>
    private const int FreshSeconds = 1;

    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Attempts that end within it are one reason to claim; it is the machine's matter, not the domain's.
    /// </summary>
    private static readonly TimeSpan EndedPause = TimeSpan.FromMilliseconds(5);

    private readonly SemaphoreSlim _places = new(options.Value.MaxInFlight);
    private readonly ConcurrentDictionary<(Guid Id, long Epoch), Task> _running = new();

    private readonly Setbacks _setbacks = new(logger, "Claiming due deliveries");

    private int _endedSignalled;

    public override void Dispose()
    {
        _places.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await gate.WaitOpenAsync(stoppingToken);
        work.Open();
        var starting = StartQueuedAsync(stoppingToken);
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                if (!await ClaimAsync(stoppingToken))
                {
                    await signal.WaitAsync(PollInterval, time, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }

        work.Close();
        await starting;
        await GiveBackAsync(work.Empty());
        await Task.WhenAll(_running.Values);
    }

    /// <summary>Queues what is due and fits; true if there may be more.</summary>
    private async Task<bool> ClaimAsync(CancellationToken cancellationToken)
    {
        if (work.BeginLook(options.Value.MaxInFlight - _places.CurrentCount) is not var (look, limits))
        {
            return false; // There is enough to do; the attempts that end will wake us.
        }

        try
        {
            var began = time.GetTimestamp();
            var claims = await TakeAsync(limits, cancellationToken);
            work.Add(look, claims, began);
            _setbacks.Over();
            return claims.Count == limits.Total;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(_setbacks.After(exception), time, cancellationToken); // The rows stay.
            return false;
        }
    }

    /// <summary>
    /// Without waiting for the disk: claims that a crash of the database loses are made again, and what was in flight
    /// is sent again, as after any crash.
    /// </summary>
    private async Task<IReadOnlyList<ClaimedDelivery>> TakeAsync(
        ClaimLimits limits, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        await transaction.ExecuteAsync("SET LOCAL synchronous_commit = off", null, cancellationToken);
        var claims = await DeliveryClaims.TakeAsync(transaction.Connection, limits, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return claims;
    }

    private async Task StartQueuedAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await _places.WaitAsync(stoppingToken);
                var next = await work.TakeAsync(stoppingToken);
                Start(next.Claim, time.GetElapsedTime(next.ClaimedAt));
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping; what is queued is given back.
        }
    }

    private void Start(ClaimedDelivery claim, TimeSpan waited)
    {
        var running = new TaskCompletionSource();
        _running[(claim.Id, claim.Epoch)] = running.Task;
        _ = AttemptAsync(claim, waited, running);
    }

    private async Task AttemptAsync(ClaimedDelivery claim, TimeSpan waited, TaskCompletionSource running)
    {
        await Task.Yield();
        try
        {
            if (await IsStillGoodAsync(claim, waited))
            {
                // Bounded by its own time-out; a stop waits for it.
                await attempt.ExecuteAsync(claim, answered: () => _places.Release(), CancellationToken.None);
            }
            else
            {
                _places.Release();
                await GiveBackAsync([claim]);
                signal.Wake();
            }
        }
        catch (Exception exception)
        {
            LogAttemptFailed(claim.Id, exception); // The lease runs out, and the delivery is claimed again.
        }
        finally
        {
            _running.TryRemove((claim.Id, claim.Epoch), out _);
            running.SetResult();
            Ended(claim);
        }
    }

    /// <summary>An attempt takes the URL and the secret of its moment, not those of a claim that had to wait.</summary>
    private async Task<bool> IsStillGoodAsync(ClaimedDelivery claim, TimeSpan waited)
    {
        if (waited.TotalSeconds <= FreshSeconds)
        {
            return true;
        }

        if (waited.TotalSeconds > MaxQueuedSeconds)
        {
            return false;
        }

        try
        {
            await using var connection = await database.OpenAsync(CancellationToken.None);
            return await DeliveryClaims.IsCurrentAsync(connection, claim, CancellationToken.None);
        }
        catch
        {
            _places.Release();
            throw;
        }
    }

    /// <summary>The endpoint, or another, may have waited for this place.</summary>
    private void Ended(ClaimedDelivery claim)
    {
        if (work.End(claim) && Interlocked.Exchange(ref _endedSignalled, 1) == 0)
        {
            _ = SignalEndedAsync();
        }
    }

    private async Task SignalEndedAsync()
    {
        await Task.Delay(EndedPause, TimeProvider.System);
        Volatile.Write(ref _endedSignalled, 0);
        signal.Wake();
    }

    private async Task GiveBackAsync(IReadOnlyList<ClaimedDelivery> unused)
    {
        if (unused.Count == 0)
        {
            return;
        }

        try
        {
            await using var connection = await database.OpenAsync(CancellationToken.None);
            await DeliveryClaims.ReleaseAsync(connection, unused, CancellationToken.None);
        }
        catch (Exception exception)
        {
            LogGiveBackFailed(unused.Count, exception); // Their leases run out.
        }
    }

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Delivery {DeliveryId} could not be attempted or recorded; its lease will run out")]
    private partial void LogAttemptFailed(Guid deliveryId, Exception exception);

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "{Count} deliveries could not be given back; their leases will run out")]
    private partial void LogGiveBackFailed(int count, Exception exception);
}
