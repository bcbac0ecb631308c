using System.Text.Json.Serialization;
using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;
using Npgsql;

namespace ArdorQr.Webhooks.Database;

/// <summary>A delivery as merchants see it.</summary>
internal sealed record DeliveryView
{
    public Guid Id { get; init; }
    public Guid EventId { get; init; }
    public string EventType { get; init; } = "";
    public string Status { get; init; } = "";

    /// <summary>The last attempt's, or where the first one would go now.</summary>
    public string? Url { get; init; }

    public IReadOnlyList<AttemptView> Attempts { get; init; } = [];

    /// <summary>Null when nothing more is planned or the endpoint is paused.</summary>
    public DateTimeOffset? NextAttemptAt { get; init; }

    public Guid? RedeliveryOf { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? DeliveredAt { get; init; }
}

/// <summary>One attempt of a delivery as merchants see it.</summary>
internal sealed record AttemptView
{
    [JsonIgnore]
    public Guid DeliveryId { get; init; }

    public int Number { get; init; }
    public DateTimeOffset At { get; init; }
    public int? ResponseStatus { get; init; }
    public int DurationMs { get; init; }
    public string? Error { get; init; }
    public string? ResponseBody { get; init; }
}

/// <summary>Reads deliveries with their attempts.</summary>
internal static class DeliveryViews
{
    private const string Columns =
        """
        SELECT delivery.id, delivery.event_id, event.type AS event_type, delivery.status,
            coalesce(delivery.url, endpoint.url) AS url,
            CASE WHEN endpoint.enabled AND endpoint.url IS NOT NULL
                THEN delivery.next_attempt_at END AS next_attempt_at,
            delivery.redelivery_of, delivery.created_at, delivery.delivered_at
        FROM webhooks.delivery
        JOIN webhooks.event USING (event_id)
        JOIN webhooks.endpoint ON (endpoint.merchant_id, endpoint.mode) = (delivery.merchant_id, delivery.mode)
        WHERE delivery.merchant_id = @merchantId AND delivery.mode = @mode
        """;

    /// <summary>Newest first.</summary>
    /// <param name="connection">An open one.</param>
    /// <param name="merchantId">Whose.</param>
    /// <param name="mode">Of which world.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="status">Only those of this status, or null.</param>
    /// <param name="eventId">Only those of this event, or null.</param>
    /// <param name="before">Only older ones, or null.</param>
    /// <param name="cancellationToken">Stops the statements.</param>
    public static Task<IReadOnlyList<DeliveryView>> ListAsync(
        NpgsqlConnection connection, Guid merchantId, Mode mode, int limit, string? status, Guid? eventId,
        DateTimeOffset? before,
        CancellationToken cancellationToken)
    {
        const string sql =
            Columns +
            """

              AND (@status::text IS NULL OR delivery.status = @status)
              AND (@eventId::uuid IS NULL OR delivery.event_id = @eventId)
              AND (@before::timestamptz IS NULL OR delivery.created_at < @before)
            ORDER BY delivery.created_at DESC, delivery.id DESC
            LIMIT @limit
            """;
        return ReadAsync(connection, sql, new { merchantId, mode, limit, status, eventId, before }, cancellationToken);
    }

    /// <summary>One delivery of this merchant and mode, or null.</summary>
    public static async Task<DeliveryView?> FindAsync(
        NpgsqlConnection connection, Guid merchantId, Mode mode, Guid id, CancellationToken cancellationToken)
    {
        const string sql = Columns + " AND delivery.id = @id";
        return (await ReadAsync(connection, sql, new { merchantId, mode, id }, cancellationToken)).SingleOrDefault();
    }

    private static async Task<IReadOnlyList<DeliveryView>> ReadAsync(
        NpgsqlConnection connection, string sql, object parameters, CancellationToken cancellationToken)
    {
        const string attemptsSql =
            """
            SELECT delivery_id, number, at, response_status, duration_ms, error, response_body
            FROM webhooks.attempt WHERE delivery_id = ANY(@ids)
            ORDER BY number
            """;
        var deliveries = (await connection.QueryAsync<DeliveryView>(sql, parameters, cancellationToken)).ToList();
        var ids = deliveries.Select(delivery => delivery.Id).ToArray();
        var attempts = (await connection.QueryAsync<AttemptView>(attemptsSql, new { ids }, cancellationToken))
            .ToLookup(attempt => attempt.DeliveryId);
        return [.. deliveries.Select(delivery => delivery with { Attempts = [.. attempts[delivery.Id]] })];
    }
}
