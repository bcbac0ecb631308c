using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.Webhooks.Domain;
using Npgsql;

namespace ArdorQr.Webhooks.Database;

/// <summary>A due delivery that this process holds by a lease, with all that one attempt needs.</summary>
internal sealed record ClaimedDelivery
{
    public Guid Id { get; init; }
    public Guid EventId { get; init; }
    public Guid MerchantId { get; init; }
    public Mode Mode { get; init; } = Mode.Test;

    /// <summary>
    /// The lease's: whoever claims the delivery later has a higher one, and only the highest may write.
    /// </summary>
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

    /// <summary>The endpoint fails or is slow, so that the attempt may hold its place for long.</summary>
    public bool IsTroubled { get; init; }

    /// <summary>More of its endpoint is due than the endpoint had places for.</summary>
    public bool IsOneOfMore { get; init; }
}

/// <summary>How many deliveries a claim may take.</summary>
/// <param name="Total">In all.</param>
/// <param name="Troubled">Of them to endpoints that fail or are slow.</param>
/// <param name="PerEndpoint">In flight to one endpoint, by all processes.</param>
/// <param name="PerFailingEndpoint">The same for one that failed last.</param>
internal sealed record ClaimLimits(int Total, int Troubled, int PerEndpoint, int PerFailingEndpoint);

/// <summary>Hands out due deliveries, each to one process, so that no endpoint takes more than its share.</summary>
internal static class DeliveryClaims
{
    /// <summary>Longer than an attempt can take, with its recording.</summary>
    public const int LeaseSeconds = 45;

    /// <summary>
    /// How many times its places are looked at of an endpoint's first due deliveries: leased ones are among them, as
    /// what is claimed was due first.
    /// </summary>
    private const int Look = 4;

    // "waiting" hops from endpoint to endpoint along the index, so that a long queue at one costs the others
    // nothing. "free" doesn't ask for the status (that there is a next attempt says the same): if it did, a planner
    // that has seen no pending delivery of late would go through all of them for each one that is due. now() is the
    // statement's start here, and unlike clock_timestamp() it can be looked up in an index.
    internal const string TakeSql =
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
                endpoint.failing_since IS NOT NULL OR endpoint.slow AS is_troubled,
                CASE
                    WHEN endpoint.resting_until > now() THEN 0
                    WHEN endpoint.unanswered >= @UnansweredToOpen THEN 1
                    WHEN endpoint.failing_since IS NOT NULL THEN @PerFailingEndpoint
                    ELSE @PerEndpoint
                END AS places
            FROM waiting JOIN webhooks.endpoint USING (merchant_id, mode)
            WHERE endpoint.enabled AND endpoint.url IS NOT NULL
        ),
        candidates AS (
            SELECT candidate.id, candidate.next_attempt_at, room.is_troubled,
                cardinality(front.ids) > front.places AS is_one_of_more,
                row_number() OVER (PARTITION BY room.is_troubled ORDER BY candidate.next_attempt_at) AS place
            FROM room
            CROSS JOIN LATERAL (
                SELECT array_agg(id) FILTER (WHERE NOT is_leased) AS ids,
                    array_agg(next_attempt_at) FILTER (WHERE NOT is_leased) AS times,
                    room.places - (count(*) FILTER (WHERE is_leased))::integer AS places
                FROM (
                    SELECT id, next_attempt_at, coalesce(leased_until > now(), false) AS is_leased
                    FROM webhooks.delivery
                    WHERE merchant_id = room.merchant_id AND mode = room.mode
                      AND status = 'pending' AND NOT paused AND next_attempt_at <= now()
                    ORDER BY next_attempt_at
                    LIMIT room.places * @Look) AS longest_due) AS front
            CROSS JOIN LATERAL unnest(front.ids[:front.places], front.times[:front.places])
                AS candidate (id, next_attempt_at)
        ),
        due AS (
            SELECT id, is_troubled, is_one_of_more, next_attempt_at FROM candidates
            WHERE place <= CASE WHEN is_troubled THEN @Troubled ELSE @Total * 2 END
            ORDER BY is_troubled, next_attempt_at
            LIMIT @Total * 2 -- Another process may be claiming the first of them.
        ),
        free AS (
            SELECT delivery.id, due.is_troubled, due.is_one_of_more
            FROM due JOIN webhooks.delivery USING (id)
            WHERE delivery.next_attempt_at <= now() AND NOT delivery.paused
              AND (delivery.leased_until IS NULL OR delivery.leased_until <= now())
            ORDER BY due.is_troubled, due.next_attempt_at
            LIMIT @Total
            FOR UPDATE OF delivery SKIP LOCKED
        ),
        taken AS (
            UPDATE webhooks.delivery
            SET leased_until = clock_timestamp() + make_interval(secs => @lease), epoch = delivery.epoch + 1
            FROM free WHERE delivery.id = free.id
            RETURNING delivery.*, free.is_troubled, free.is_one_of_more
        )
        SELECT taken.id, taken.event_id, taken.merchant_id, taken.mode, taken.epoch,
            taken.attempts, taken.traceparent, taken.is_troubled, taken.is_one_of_more,
            event.body, endpoint.url, endpoint.secret, endpoint.secret_key_id,
            CASE WHEN endpoint.previous_secret_until > now() THEN endpoint.previous_secret END AS previous_secret,
            endpoint.previous_secret_key_id, endpoint.version AS endpoint_version
        FROM taken
        JOIN webhooks.event USING (event_id)
        JOIN webhooks.endpoint ON (endpoint.merchant_id, endpoint.mode) = (taken.merchant_id, taken.mode)
        ORDER BY taken.next_attempt_at, taken.id
        """;

    /// <summary>
    /// Claims due deliveries, to endpoints in good health first, then the longest due; other processes skip what is
    /// being claimed. A resting endpoint gets nothing, and one that has rested a single attempt that tries it.
    /// </summary>
    /// <param name="connection">An open one; the claim is one statement.</param>
    /// <param name="limits">How many.</param>
    /// <param name="cancellationToken">Stops the statement.</param>
    public static async Task<IReadOnlyList<ClaimedDelivery>> TakeAsync(
        NpgsqlConnection connection, ClaimLimits limits, CancellationToken cancellationToken) =>
        [.. await connection.QueryAsync<ClaimedDelivery>(TakeSql, ParametersOf(limits), cancellationToken)];

    /// <summary>Those of <see cref="TakeSql"/>.</summary>
    internal static object ParametersOf(ClaimLimits limits) => new
    {
        limits.Total,
        limits.Troubled,
        limits.PerEndpoint,
        limits.PerFailingEndpoint,
        Circuit.UnansweredToOpen,
        Look,
        lease = LeaseSeconds,
    };

    /// <summary>True while the endpoint takes attempts and its settings are those of the claim.</summary>
    public static Task<bool> IsCurrentAsync(
        NpgsqlConnection connection, ClaimedDelivery claim, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT EXISTS (
                SELECT FROM webhooks.endpoint
                WHERE merchant_id = @MerchantId AND mode = @Mode AND version = @EndpointVersion
                  AND enabled AND url IS NOT NULL)
            """;
        return connection.QuerySingleAsync<bool>(
            sql, new { claim.MerchantId, claim.Mode, claim.EndpointVersion }, cancellationToken);
    }

    /// <summary>Gives leases back that no attempt was made under, so that others needn't wait for their end.</summary>
    public static Task<int> ReleaseAsync(
        NpgsqlConnection connection, IReadOnlyList<ClaimedDelivery> claims, CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE webhooks.delivery SET leased_until = NULL
            FROM unnest(@ids, @epochs) AS unused (id, epoch)
            WHERE delivery.id = unused.id AND delivery.epoch = unused.epoch
            """;
        return connection.ExecuteAsync(sql, new
        {
            ids = claims.Select(claim => claim.Id).ToArray(),
            epochs = claims.Select(claim => claim.Epoch).ToArray(),
        }, cancellationToken);
    }
}
