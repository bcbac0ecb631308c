using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Hosting;
using Microsoft.Extensions.Options;

namespace ArdorQr.Webhooks.Features;

/// <summary>
/// Retention, in batches: bodies and answers first, later all that is known of the event. What still waits when its
/// body goes has nothing to send any more and is given up. Replicas skip what another one is at.
/// </summary>
internal sealed partial class ForgetOldEvents(
    ServiceDatabase database, IOptions<WebhooksOptions> options, TimeProvider time, ILogger<ForgetOldEvents> logger)
    : RepeatedJob(Interval, "Forgetting old events", time, logger)
{
    private const int MaxBatch = 1_000;

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    protected override Task RunOnceAsync(CancellationToken cancellationToken) => ForgetAsync(cancellationToken);

    internal async Task ForgetAsync(CancellationToken cancellationToken)
    {
        var (bodies, events) = (0, 0);
        for (int batch = MaxBatch; batch == MaxBatch; bodies += batch)
        {
            batch = await ForgetBodiesAsync(cancellationToken);
        }

        for (int batch = MaxBatch; batch == MaxBatch; events += batch)
        {
            batch = await ForgetEventsAsync(cancellationToken);
        }

        if (bodies + events > 0)
        {
            LogForgotten(bodies, events);
        }
    }

    private async Task<int> ForgetBodiesAsync(CancellationToken cancellationToken)
    {
        const string takeSql =
            """
            SELECT event_id FROM webhooks.event
            WHERE body IS NOT NULL AND stored_at < clock_timestamp() - make_interval(days => @days)
            ORDER BY stored_at
            LIMIT @limit
            FOR UPDATE SKIP LOCKED
            """;
        const string forgetSql =
            """
            UPDATE webhooks.delivery
            SET status = 'failed', next_attempt_at = NULL, leased_until = NULL, epoch = epoch + 1
            WHERE event_id = ANY(@events) AND status = 'pending';
            UPDATE webhooks.attempt SET response_body = NULL
            FROM webhooks.delivery
            WHERE delivery.id = attempt.delivery_id AND delivery.event_id = ANY(@events) AND response_body IS NOT NULL;
            UPDATE webhooks.event SET body = NULL WHERE event_id = ANY(@events);
            """;
        return await ForgetAsync(takeSql, forgetSql, options.Value.PayloadRetentionDays, cancellationToken);
    }

    private async Task<int> ForgetEventsAsync(CancellationToken cancellationToken)
    {
        const string takeSql =
            """
            SELECT event_id FROM webhooks.event
            WHERE stored_at < clock_timestamp() - make_interval(days => @days)
            ORDER BY stored_at
            LIMIT @limit
            FOR UPDATE SKIP LOCKED
            """;
        const string forgetSql =
            """
            DELETE FROM webhooks.attempt USING webhooks.delivery
            WHERE delivery.id = attempt.delivery_id AND delivery.event_id = ANY(@events);
            DELETE FROM webhooks.delivery WHERE event_id = ANY(@events);
            DELETE FROM webhooks.event WHERE event_id = ANY(@events);
            """;
        return await ForgetAsync(takeSql, forgetSql, options.Value.MetadataRetentionDays, cancellationToken);
    }

    private async Task<int> ForgetAsync(string takeSql, string forgetSql, int days, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        var events = (await transaction.QueryAsync<Guid>(takeSql, new { days, limit = MaxBatch }, cancellationToken))
            .ToArray();
        if (events.Length > 0)
        {
            await transaction.ExecuteAsync(forgetSql, new { events }, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        return events.Length;
    }

    [LoggerMessage(
        Level = LogLevel.Information, Message = "Retention: {Bodies} bodies and {Events} events were forgotten")]
    private partial void LogForgotten(int bodies, int events);
}
