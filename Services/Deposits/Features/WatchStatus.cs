using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using ArdorQr.Contracts;
using ArdorQr.Deposits.Domain;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ArdorQr.Deposits.Features;

/// <summary>
/// How the watch over each chain goes, for metrics and health. Only the process that holds the lease knows.
/// </summary>
internal sealed class WatchStatus : IHealthCheck, IDisposable
{
    public const string MeterName = "ArdorQr.Deposits";

    private const int MaxLagSeconds = 60;

    private readonly ConcurrentDictionary<Mode, State> _states = [];
    private readonly ConcurrentDictionary<Mode, byte> _configured = [];
    private readonly Meter _meter;
    private readonly TimeProvider _time;

    public WatchStatus(IMeterFactory meters, TimeProvider time)
    {
        _time = time;
        _meter = meters.Create(MeterName);
        // Zero when none is pending: a series that comes and goes is no graph.
        AddAge(
            "deposits.pending.age", "Age of the oldest pending deposit, 0 when there is none",
            state => state.IsWaitingKnown ? state.OldestPendingAt ?? time.GetUtcNow() : null);
        AddAge("deposits.chain.lag", "Age of the newest block that the index shows", state => state.HeadAt);
        AddAge(
            "deposits.rate.age", "Age of the last accepted rate; since the watch began when it has had none",
            state => state.HeadAt is null ? null : state.RateAt ?? state.Since);
        _meter.CreateObservableGauge(
            "deposits.chain.watched",
            () => _configured.Keys.Select(mode => new Measurement<long>(IsWatched(mode) ? 1 : 0, Tag(mode))),
            description: "1 where this process watches the chain, 0 where it could, for each mode that is set up");
        _meter.CreateObservableGauge(
            "deposits.held", Held, "{deposit}", "Deposits that were received and aren't credited, by what they wait for");
        _meter.CreateObservableGauge(
            "deposits.wallets.differing",
            () => _states.Where(pair => pair.Value.Differing is not null)
                .Select(pair => new Measurement<long>(pair.Value.Differing!.Value, Tag(pair.Key))),
            "{wallet}", "Wallets whose balance isn't what was verified");
    }

    /// <param name="OldestAt">When the oldest pending deposit was seen; null when none is pending.</param>
    /// <param name="Held">How many were received and wait, by what for.</param>
    internal sealed record WaitingDeposits(DateTimeOffset? OldestAt, IReadOnlyDictionary<string, long> Held);

    /// <summary>The mode is set up, whether its chain can be watched or not.</summary>
    public void Configured(Mode mode) => _configured.TryAdd(mode, 0);

    public void HeadSeen(Mode mode, DateTimeOffset at) => Update(mode, state => state with { HeadAt = at });

    public void RateAccepted(Mode mode, DateTimeOffset at) => Update(mode, state => state with { RateAt = at });

    public void Waiting(Mode mode, WaitingDeposits waiting) =>
        Update(mode, state => state with
        {
            IsWaitingKnown = true, OldestPendingAt = waiting.OldestAt, Held = waiting.Held,
        });

    /// <summary>How many wallets hold something else than was verified.</summary>
    public void Differing(Mode mode, long wallets) => Update(mode, state => state with { Differing = wallets });

    /// <summary>The watch has ended for good: the settings and the chain contradict each other.</summary>
    public void Stopped(Mode mode, string reason) => Update(mode, state => state with { StoppedBecause = reason });

    /// <summary>Another process watches now.</summary>
    public void NotLeading(Mode mode) => _states.TryRemove(mode, out _);

    /// <summary>Degraded, not unhealthy: a chain that is away must not take the merchant's API with it.</summary>
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
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
        _states.AddOrUpdate(
            mode, _ => change(new State { Since = _time.GetUtcNow() }), (_, state) => change(state));

    private bool IsWatched(Mode mode) =>
        _states.TryGetValue(mode, out var state) && state is { HeadAt: not null, StoppedBecause: null };

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
                    (_time.GetUtcNow() - at.Value).TotalSeconds, Tag(pair.Key)),
            "s",
            description);

    private IEnumerable<Measurement<long>> Held() =>
        from pair in _states
        where pair.Value.IsWaitingKnown
        from reason in Hold.Reasons.Union(pair.Value.Held.Keys)
        select new Measurement<long>(
            pair.Value.Held.GetValueOrDefault(reason), Tag(pair.Key), new KeyValuePair<string, object?>("reason", reason));

    private static KeyValuePair<string, object?> Tag(Mode mode) => new("mode", mode.Code);

    private sealed record State
    {
        public required DateTimeOffset Since { get; init; }

        public DateTimeOffset? HeadAt { get; init; }

        public DateTimeOffset? RateAt { get; init; }

        public bool IsWaitingKnown { get; init; }

        public DateTimeOffset? OldestPendingAt { get; init; }

        public IReadOnlyDictionary<string, long> Held { get; init; } = new Dictionary<string, long>();

        public long? Differing { get; init; }

        public string? StoppedBecause { get; init; }
    }
}
