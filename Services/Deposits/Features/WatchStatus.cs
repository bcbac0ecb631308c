using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using ArdorQr.Contracts;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ArdorQr.Deposits.Features;

/// <summary>How the watch over each chain goes, for metrics and health. Only the process that holds the lease knows.</summary>
internal sealed class WatchStatus : IHealthCheck, IDisposable
{
    public const string MeterName = "ArdorQr.Deposits";

    private const int MaxLagSeconds = 60;

    private readonly ConcurrentDictionary<Mode, State> _states = [];
    private readonly Meter _meter;
    private readonly TimeProvider _time;

    public WatchStatus(IMeterFactory meters, TimeProvider time)
    {
        _time = time;
        _meter = meters.Create(MeterName);
        AddAge("deposits.pending.age", "Age of the oldest pending deposit", state => state.OldestPendingAt);
        AddAge("deposits.chain.lag", "Age of the newest block that the index shows", state => state.HeadAt);
        AddAge("deposits.rate.age", "Age of the last accepted rate", state => state.RateAt);
    }

    public void HeadSeen(Mode mode, DateTimeOffset at) => Update(mode, state => state with { HeadAt = at });

    public void RateAccepted(Mode mode, DateTimeOffset at) => Update(mode, state => state with { RateAt = at });

    public void OldestPending(Mode mode, DateTimeOffset? at) => Update(mode, state => state with { OldestPendingAt = at });

    /// <summary>The watch has ended for good: the settings and the chain contradict each other.</summary>
    public void Stopped(Mode mode, string reason) => Update(mode, state => state with { StoppedBecause = reason });

    /// <summary>Another process watches now.</summary>
    public void NotLeading(Mode mode) => _states.TryRemove(mode, out _);

    /// <summary>Degraded, not unhealthy: a chain that is away must not take the merchant's API with it.</summary>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var now = _time.GetUtcNow();
        var faults = _states
            .Select(pair => (Mode: pair.Key, Fault: FaultOf(pair.Value, now)))
            .Where(pair => pair.Fault is not null)
            .Select(pair => $"{pair.Mode.Code}: {pair.Fault}")
            .ToList();
        return Task.FromResult(
            faults.Count == 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Degraded(string.Join("; ", faults)));
    }

    public void Dispose() => _meter.Dispose();

    private void Update(Mode mode, Func<State, State> change) =>
        _states.AddOrUpdate(mode, _ => change(new State(null, null, null, null)), (_, state) => change(state));

    private static string? FaultOf(State state, DateTimeOffset now) => state switch
    {
        { StoppedBecause: { } reason } => reason,
        { HeadAt: { } at } when now - at > TimeSpan.FromSeconds(MaxLagSeconds) => $"the index is over {MaxLagSeconds} s behind",
        _ => null,
    };

    private void AddAge(string name, string description, Func<State, DateTimeOffset?> time) =>
        _meter.CreateObservableGauge(
            name,
            () =>
                from pair in _states
                let at = time(pair.Value)
                where at is not null
                select new Measurement<double>(
                    (_time.GetUtcNow() - at.Value).TotalSeconds, new KeyValuePair<string, object?>("mode", pair.Key.Code)),
            "s",
            description);

    private sealed record State(
        DateTimeOffset? HeadAt, DateTimeOffset? RateAt, DateTimeOffset? OldestPendingAt, string? StoppedBecause);
}
