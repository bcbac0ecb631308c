using System.Diagnostics.Metrics;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Hosting;

namespace ArdorQr.Payments.Features;

/// <summary>
/// Counts now and then the payments that are under way, by where they stand, for the platform team's graphs and alerts:
/// how many, how old the oldest is, and how much money they hold.
/// </summary>
internal sealed class MeasurePayments : RepeatedJob
{
    private const int MaxCounted = 50_000; // Of each status; past that the number says no more than this one.

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    private readonly ServiceDatabase _database;
    private IReadOnlyList<Row> _last = [];

    public MeasurePayments(
        ServiceDatabase database, IMeterFactory meters, TimeProvider time, ILogger<MeasurePayments> logger)
        : base(Interval, "Measuring payments", time, logger)
    {
        _database = database;
        var meter = meters.Create("ArdorQr.Payments");
        meter.CreateObservableGauge("payments.open", () => Measured(row => row.Count), "{payment}",
            "Payments that are under way, by status");
        meter.CreateObservableGauge("payments.open.age", () => Measured(row => row.OldestSeconds), "s",
            "How long the oldest of them has been so");
        meter.CreateObservableGauge("payments.open.amount", () => Measured(row => row.Kopecks), "{kopeck}",
            "What was debited for them");
    }

    /// <summary>What is under way in one mode and status; a row of zeros when nothing is.</summary>
    private sealed record Row
    {
        public string Mode { get; init; } = "";
        public string Status { get; init; } = "";
        public long Count { get; init; }
        public double OldestSeconds { get; init; }
        public double Kopecks { get; init; }
    }

    /// <summary>By the small sets of those that something is still to be done for, never by the table of all payments.</summary>
    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        const string sql =
            """
            WITH open AS (
                (SELECT mode, 'debiting' AS status, attempt.created_at AS since, 0::bigint AS kopecks
                 FROM payments.attempt JOIN payments.payment USING (payment_id)
                 WHERE attempt.status = 'open' LIMIT @MaxCounted)
                UNION ALL
                (SELECT mode, 'confirming', confirmed_at, total_kopecks
                 FROM payments.submission JOIN payments.payment USING (payment_id)
                 WHERE submission.due_at IS NOT NULL AND state = 'confirming' LIMIT @MaxCounted)
                UNION ALL
                (SELECT mode, 'refunding', changed_at, total_kopecks
                 FROM messaging.resend JOIN payments.payment ON payment_id = substring(answer_key FROM '[0-9a-f-]{36}$')::uuid
                 WHERE answer_key LIKE 'payment-refunded:%' AND state = 'refunding' LIMIT @MaxCounted)
                UNION ALL
                (SELECT mode, 'settling', completed_at, total_kopecks
                 FROM messaging.resend JOIN payments.payment ON payment_id = substring(answer_key FROM '[0-9a-f-]{36}$')::uuid
                 WHERE answer_key LIKE 'payment-settled:%' AND state = 'completed' LIMIT @MaxCounted)
                UNION ALL
                (SELECT mode, 'review', changed_at, 0 FROM payments.payment WHERE review LIMIT @MaxCounted))
            SELECT mode, status, count(since) AS count,
                coalesce(extract(epoch FROM clock_timestamp() - min(since)), 0)::float8 AS oldest_seconds,
                coalesce(sum(kopecks), 0)::float8 AS kopecks
            FROM open RIGHT JOIN (
                SELECT mode, status FROM unnest(ARRAY['live', 'test']) AS mode,
                    unnest(ARRAY['debiting', 'confirming', 'refunding', 'settling', 'review']) AS status) AS every
                USING (mode, status)
            GROUP BY mode, status
            """;
        await using var connection = await _database.OpenAsync(cancellationToken);
        _last = [.. await connection.QueryAsync<Row>(sql, new { MaxCounted }, cancellationToken)];
    }

    private IEnumerable<Measurement<double>> Measured(Func<Row, double> value) => _last.Select(row =>
        new Measurement<double>(value(row), new("mode", row.Mode), new("status", row.Status)));
}
