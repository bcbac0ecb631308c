using System.Diagnostics.Metrics;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Hosting;
using Microsoft.Extensions.Logging;

namespace ArdorQr.ServiceDefaults.Messaging;

/// <summary>
/// Counts now and then what of this service's events isn't confirmed by the broker, and what waits for an answer, for the
/// platform team's graphs and alerts.
/// </summary>
internal sealed class MeasureOutbox : RepeatedJob
{
    private const int MaxCounted = 100_000; // Past that the number says no more than this one.

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    private readonly ServiceDatabase _database;
    private Depths? _last;

    public MeasureOutbox(
        ServiceDatabase database, IMeterFactory meters, TimeProvider time, ILogger<MeasureOutbox> logger)
        : base(Interval, "Measuring the outbox", time, logger)
    {
        _database = database;
        var meter = meters.Create("ArdorQr.Messaging");
        meter.CreateObservableGauge("messaging.outbox.depth", () => Measured(last => last.Outbox), "{message}",
            "Events that are committed and not confirmed by the broker");
        meter.CreateObservableGauge("messaging.outbox.age", () => Measured(last => last.OutboxSeconds), "s",
            "How long the oldest of them has been so");
        meter.CreateObservableGauge("messaging.unanswered.depth", () => Measured(last => last.Unanswered), "{message}",
            "Events that wait for another service's answer");
        meter.CreateObservableGauge("messaging.unanswered.age", () => Measured(last => last.UnansweredSeconds), "s",
            "How long the oldest of them has been so");
    }

    private sealed record Depths
    {
        public long Outbox { get; init; }
        public double OutboxSeconds { get; init; }
        public long Unanswered { get; init; }
        public double UnansweredSeconds { get; init; }
    }

    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT outbox.depth AS outbox, outbox.age AS outbox_seconds, resend.depth AS unanswered,
                resend.age AS unanswered_seconds
            FROM (
                SELECT count(*) AS depth, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS age
                FROM (SELECT created_at FROM messaging.outbox ORDER BY outbox_id LIMIT @MaxCounted) AS counted) AS outbox,
            (
                SELECT count(*) AS depth, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS age
                FROM (SELECT created_at FROM messaging.resend LIMIT @MaxCounted) AS counted) AS resend
            """;
        await using var connection = await _database.OpenAsync(cancellationToken);
        _last = await connection.QuerySingleAsync<Depths>(sql, new { MaxCounted }, cancellationToken);
    }

    private IEnumerable<Measurement<double>> Measured(Func<Depths, double> value) =>
        _last is { } last ? [new Measurement<double>(value(last))] : [];
}
