using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Gateway.Database;

/// <summary>A row of <c>gateway.dead_letter</c>.</summary>
internal sealed record DeadLetterRow
{
    public Guid Id { get; init; }
    public string Queue { get; init; } = "";
    public string MessageId { get; init; } = "";
    public string MessageType { get; init; } = "";
    public string ContentType { get; init; } = "";
    public byte[] Body { get; init; } = [];

    /// <summary>Headers that are texts, as JSON; what the failure added is left out.</summary>
    public string Headers { get; init; } = "{}";

    public string Reason { get; init; } = "";
    public DateTimeOffset? FailedAt { get; init; }
    public DateTimeOffset KeptAt { get; init; }
    public DateTimeOffset? ReplayedAt { get; init; }
    public string? ReplayedBy { get; init; }
}

/// <summary>Statements on dead letters.</summary>
internal static class DeadLetters
{
    private const string Columns =
        """
        id, queue, message_id, message_type, content_type, body, headers::text, reason, failed_at, kept_at, replayed_at,
        replayed_by
        """;

    /// <summary>Keeps it, once however often the broker delivers it.</summary>
    public static async Task KeepAsync(ServiceDatabase database, DeadLetterRow row, CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO gateway.dead_letter (id, queue, message_id, message_type, content_type, body, headers, reason, failed_at)
            VALUES (@Id, @Queue, @MessageId, @MessageType, @ContentType, @Body, @Headers::jsonb, @Reason, @FailedAt)
            ON CONFLICT (queue, message_id) WHERE replayed_at IS NULL DO NOTHING
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(sql, row, cancellationToken);
    }

    public static async Task<IReadOnlyList<DeadLetterRow>> ListAsync(
        ServiceDatabase database, int limit, DateTimeOffset? before, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
             SELECT {Columns} FROM gateway.dead_letter
             WHERE @before::timestamptz IS NULL OR kept_at < @before
             ORDER BY kept_at DESC, id DESC LIMIT @limit
             """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return [.. await connection.QueryAsync<DeadLetterRow>(sql, new { limit, before }, cancellationToken)];
    }

    public static async Task<long> WaitingAsync(ServiceDatabase database, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleAsync<long>(
            "SELECT count(*) FROM gateway.dead_letter WHERE replayed_at IS NULL", null, cancellationToken);
    }

    public static Task<DeadLetterRow?> LockAsync(ServiceTransaction transaction, Guid id, CancellationToken cancellationToken) =>
        transaction.QuerySingleOrDefaultAsync<DeadLetterRow>(
            $"SELECT {Columns} FROM gateway.dead_letter WHERE id = @id FOR UPDATE", new { id }, cancellationToken);

    public static Task<DeadLetterRow> ReplayedAsync(
        ServiceTransaction transaction, Guid id, string @operator, CancellationToken cancellationToken) =>
        transaction.QuerySingleAsync<DeadLetterRow>(
            $"""
             UPDATE gateway.dead_letter SET replayed_at = clock_timestamp(), replayed_by = @operator
             WHERE id = @id RETURNING {Columns}
             """,
            new { id, @operator }, cancellationToken);
}
