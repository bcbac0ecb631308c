using System.Collections.Concurrent;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Hosting;
using ArdorQr.ServiceDefaults.Recovery;
using ArdorQr.Webhooks.Database;
using Microsoft.Extensions.Options;

namespace ArdorQr.Webhooks.Features;

/// <summary>
/// Claims due deliveries, a little ahead of what fits, and attempts them side by side. It is woken by what this process
/// commits and by attempts that end; polling finds what is due by time and what other processes left behind. When the
/// process stops, what is in flight is finished and the rest given back. Endpoints that fail or are slow share a part
/// of the places, and the fuller the places are, the fewer one endpoint gets: however many hang until the time-out,
/// there is room for those that answer.
/// </summary>
internal sealed partial class DispatchDeliveries(
    ServiceDatabase database, AttemptDelivery attempt, DeliverySignal signal, RecoveryGate gate,
    IOptions<WebhooksOptions> options,    TimeProvider time, ILogger<DispatchDeliveries> logger) : BackgroundService
{
    private const int MaxBatch = 512;
    private const int MaxAhead = 1_000; // Claimed past what is in flight: queued, or answered and being recorded.
    private const int MaxQueuedToClaim = MaxAhead / 4;
    private const int TroubledShare = 4; // One in so many places is for endpoints that fail or are slow.
    private const int MaxPerEndpointWhenHalfFull = 2;

    /// <summary>What is left of a lease after a longer wait is too short for an attempt and its recording.</summary>
    private const int MaxQueuedSeconds = 15;

    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Attempts that end within it are one reason to claim; it is the machine's matter, not the domain's.
    /// </summary>
    private static readonly TimeSpan EndedPause = TimeSpan.FromMilliseconds(5);

    private readonly ConcurrentQueue<(ClaimedDelivery Claim, long ClaimedAt)> _queue = new();
    private readonly SemaphoreSlim _queued = new(0);
    private readonly SemaphoreSlim _places = new(options.Value.MaxInFlight);
    private readonly ConcurrentDictionary<(Guid Id, long Epoch), Task> _running = new();

    private readonly Setbacks _setbacks = new(logger, "Claiming due deliveries");

    private int _claimed; // Queued, in flight and being recorded.
    private int _troubled; // The same, to endpoints that fail or are slow.
    private int _endedSignalled;

    public override void Dispose()
    {
        _queued.Dispose();
        _places.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await gate.WaitOpenAsync(stoppingToken);
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

        await starting;
        await GiveBackAsync();
        await Task.WhenAll(_running.Values);
    }

    /// <summary>Queues what is due and fits; true if there may be more.</summary>
    private async Task<bool> ClaimAsync(CancellationToken cancellationToken)
    {
        var limits = LimitsNow();
        if (limits.Total <= 0 || _queue.Count > MaxQueuedToClaim)
        {
            return false; // There is enough to do; the attempts that end will wake us.
        }

        try
        {
            var claims = await TakeAsync(limits, cancellationToken);
            foreach (var claim in claims)
            {
                Interlocked.Increment(ref _claimed);
                Interlocked.Add(ref _troubled, claim.IsTroubled ? 1 : 0);
                _queue.Enqueue((claim, time.GetTimestamp()));
            }

            if (claims.Count > 0)
            {
                _queued.Release(claims.Count);
            }

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

    private ClaimLimits LimitsNow()
    {
        var settings = options.Value;
        var claimed = Volatile.Read(ref _claimed);
        var troubled = Math.Max(settings.MaxInFlight / TroubledShare, 1) - Volatile.Read(ref _troubled);
        var inFlight = settings.MaxInFlight - _places.CurrentCount;
        var perEndpoint = inFlight < settings.MaxInFlight / 2
            ? settings.MaxInFlightPerEndpoint
            : Math.Min(settings.MaxInFlightPerEndpoint, MaxPerEndpointWhenHalfFull);
        return new ClaimLimits(
            Math.Min(settings.MaxInFlight + MaxAhead - claimed, MaxBatch), Math.Max(troubled, 0), perEndpoint,
            settings.MaxInFlightPerFailingEndpoint);
    }

    private async Task StartQueuedAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await _places.WaitAsync(stoppingToken);
                await _queued.WaitAsync(stoppingToken);
                if (_queue.TryDequeue(out var next))
                {
                    Start(next.Claim, next.ClaimedAt);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping; what is queued is given back.
        }
    }

    private void Start(ClaimedDelivery claim, long claimedAt)
    {
        if (time.GetElapsedTime(claimedAt).TotalSeconds > MaxQueuedSeconds)
        {
            _places.Release();
            Ended(claim); // The lease runs out, and the delivery is claimed again.
            return;
        }

        var running = new TaskCompletionSource();
        _running[(claim.Id, claim.Epoch)] = running.Task;
        _ = AttemptAsync(claim, running);
    }

    private async Task AttemptAsync(ClaimedDelivery claim, TaskCompletionSource running)
    {
        await Task.Yield();
        try
        {
            // Bounded by its own time-out; a stop waits for it.
            await attempt.ExecuteAsync(claim, answered: () => _places.Release(), CancellationToken.None);
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

    /// <summary>The endpoint, or another, may have waited for this place.</summary>
    private void Ended(ClaimedDelivery claim)
    {
        Interlocked.Add(ref _troubled, claim.IsTroubled ? -1 : 0);
        Interlocked.Decrement(ref _claimed);
        if (Interlocked.Exchange(ref _endedSignalled, 1) == 0)
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

    private async Task GiveBackAsync()
    {
        var unused = _queue.Select(queued => queued.Claim).ToList();
        _queue.Clear();
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
