using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Hosting;

namespace ArdorQr.Webhooks.Features;

/// <summary>
/// Counts now and then what is due to endpoints that take attempts, for the platform team's graphs and alerts.
/// </summary>
internal sealed class MeasureBacklog(ServiceDatabase database, TimeProvider time, ILogger<MeasureBacklog> logger)
    : RepeatedJob(Interval, "Measuring the backlog", time, logger)
{
    private const int MaxCounted = 100_000; // Past that the number says no more than this one.

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    protected override Task RunOnceAsync(CancellationToken cancellationToken) => MeasureAsync(cancellationToken);

    private async Task MeasureAsync(CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT count(*), coalesce(extract(epoch FROM now() - min(next_attempt_at)), 0)::float8
            FROM (
                SELECT delivery.next_attempt_at FROM webhooks.delivery
                WHERE status = 'pending' AND NOT paused AND next_attempt_at <= now()
                LIMIT @MaxCounted) AS due
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var (count, oldestSeconds) = await connection.QuerySingleAsync<(long, double)>(
            sql, new { MaxCounted }, cancellationToken);
        WebhookMetrics.BacklogIs(count, oldestSeconds);
    }
}
