using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;
using Npgsql;

namespace ArdorQr.Webhooks.Database;

/// <summary>A due delivery that this process holds by a lease, with all that one attempt needs.</summary>
internal sealed record ClaimedDelivery
{
    public Guid Id { get; init; }
    public Guid EventId { get; init; }
    public Guid MerchantId { get; init; }
    public Mode Mode { get; init; } = Mode.Test;

    /// <summary>The lease's: whoever claims the delivery later has a higher one, and only the highest may write.</summary>
    public long Epoch { get; init; }

    /// <summary>Attempts that were made before this one.</summary>
    public int Attempts { get; init; }

    public string? Traceparent { get; init; }
    public byte[] Body { get; init; } = [];
    public string Url { get; init; } = "";
    public byte[] Secret { get; init; } = [];
    public string SecretKeyId { get; init; } = "";

    /// <summary>The secret before the last rotation while it is valid.</summary>
    public byte[]? PreviousSecret { get; init; }

    public string? PreviousSecretKeyId { get; init; }

    /// <summary>The endpoint's version whose URL and secret these are.</summary>
    public long EndpointVersion { get; init; }
}

/// <summary>Hands out due deliveries, each to one process, so that no endpoint takes more than its share.</summary>
internal static class DeliveryClaims
{
    /// <summary>Longer than an attempt can take, with its recording.</summary>
    public const int LeaseSeconds = 45;

    /// <summary>Claims due deliveries, the longest due first; other processes skip what is being claimed.</summary>
    /// <param name="connection">An open one; the claim is one statement.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="perEndpoint">How many may be in flight to one endpoint.</param>
    /// <param name="perFailingEndpoint">The same for one that failed last.</param>
    /// <param name="cancellationToken">Stops the statement.</param>
    public static async Task<IReadOnlyList<ClaimedDelivery>> TakeAsync(
        NpgsqlConnection connection, int limit, int perEndpoint, int perFailingEndpoint, CancellationToken cancellationToken)
    {
        // "waiting" hops from endpoint to endpoint along the index, so that a long queue at one costs the others nothing.
        // now() is the statement's start here, and unlike clock_timestamp() it can be looked up in an index.
        const string sql =
            """
            WITH RECURSIVE waiting AS (
                (SELECT merchant_id, mode FROM webhooks.delivery
                 WHERE status = 'pending' AND NOT paused
                 ORDER BY merchant_id, mode LIMIT 1)
                UNION ALL
                SELECT later.merchant_id, later.mode
                FROM waiting CROSS JOIN LATERAL (
                    SELECT merchant_id, mode FROM webhooks.delivery
                    WHERE status = 'pending' AND NOT paused
                      AND (merchant_id, mode) > (waiting.merchant_id, waiting.mode)
                    ORDER BY merchant_id, mode LIMIT 1) AS later
            ),
            room AS (
                SELECT endpoint.merchant_id, endpoint.mode,
                    CASE WHEN endpoint.failing_since IS NULL THEN @perEndpoint ELSE @perFailingEndpoint END - (
                        SELECT count(*) FROM webhooks.delivery AS busy
                        WHERE busy.merchant_id = endpoint.merchant_id AND busy.mode = endpoint.mode
                          AND busy.leased_until > now()) AS free
                FROM waiting JOIN webhooks.endpoint USING (merchant_id, mode)
                WHERE endpoint.enabled AND endpoint.url IS NOT NULL
            ),
            due AS (
                SELECT candidate.id
                FROM room CROSS JOIN LATERAL (
                    SELECT id, next_attempt_at FROM webhooks.delivery
                    WHERE merchant_id = room.merchant_id AND mode = room.mode
                      AND status = 'pending' AND NOT paused AND next_attempt_at <= now()
                      AND (leased_until IS NULL OR leased_until <= now())
                    ORDER BY next_attempt_at
                    LIMIT greatest(room.free, 0)
                    FOR UPDATE SKIP LOCKED) AS candidate
                ORDER BY candidate.next_attempt_at
                LIMIT @limit
            ),
            taken AS (
                UPDATE webhooks.delivery
                SET leased_until = clock_timestamp() + make_interval(secs => @lease), epoch = delivery.epoch + 1
                FROM due WHERE delivery.id = due.id
                RETURNING delivery.*
            )
            SELECT taken.id, taken.event_id, taken.merchant_id, taken.mode, taken.epoch, taken.attempts, taken.traceparent,
                event.body, endpoint.url, endpoint.secret, endpoint.secret_key_id,
                CASE WHEN endpoint.previous_secret_until > now() THEN endpoint.previous_secret END AS previous_secret,
                endpoint.previous_secret_key_id, endpoint.version AS endpoint_version
            FROM taken
            JOIN webhooks.event USING (event_id)
            JOIN webhooks.endpoint ON (endpoint.merchant_id, endpoint.mode) = (taken.merchant_id, taken.mode)
            ORDER BY taken.next_attempt_at, taken.id
            """;
        return [.. await connection.QueryAsync<ClaimedDelivery>(
            sql, new { limit, perEndpoint, perFailingEndpoint, lease = LeaseSeconds }, cancellationToken)];
    }
}
