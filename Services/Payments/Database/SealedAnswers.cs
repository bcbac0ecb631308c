using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;
using Npgsql;

namespace ArdorQr.Payments.Database;

/// <summary>Kept answers as they are stored, for moving them under another key.</summary>
internal static class SealedAnswers
{
    internal sealed record Row
    {
        public Guid MerchantId { get; init; }

        public Mode Mode { get; init; } = Mode.Test;

        public string Operation { get; init; } = "";

        public string Key { get; init; } = "";

        public Guid Token { get; init; }

        public int Status { get; init; }

        public byte[] Body { get; init; } = [];

        public string? BodyKeyId { get; init; }

        public DateTimeOffset CreatedAt { get; init; }

        public IdempotencyScope Scope => new(MerchantId, Mode, Operation, Key);
    }

    /// <summary>The next answers in the clear, or under other keys too, by the time of their requests.</summary>
    public static async Task<IReadOnlyList<Row>> NextAsync(
        NpgsqlConnection connection, Row? after, int limit, bool ofOtherKeys, string keyId,
        CancellationToken cancellationToken)
    {
        const string columns = "merchant_id, mode, operation, key, token, status, body, body_key_id, created_at";
        const string rest =
            """
            AND (@createdAt::timestamptz IS NULL OR (created_at, token) > (@createdAt, @token))
            ORDER BY created_at, token
            LIMIT @limit
            """;
        const string plainSql =
            $"SELECT {columns} FROM payments.idempotency WHERE body IS NOT NULL AND body_key_id IS NULL {rest}";
        const string allSql =
            $"SELECT {columns} FROM payments.idempotency WHERE body IS NOT NULL AND body_key_id IS DISTINCT FROM @keyId {rest}";
        return [.. await connection.QueryAsync<Row>(ofOtherKeys ? allSql : plainSql, new
        {
            createdAt = after?.CreatedAt,
            token = after?.Token,
            limit,
            keyId,
        }, cancellationToken)];
    }

    /// <summary>Stores the fresh form of answers that are still as they were read; returns how many.</summary>
    public static async Task<int> ReplaceAsync(
        NpgsqlConnection connection, IReadOnlyCollection<(Row Row, byte[] Body)> rows, string keyId,
        CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE payments.idempotency AS held SET body = fresh.body, body_key_id = @keyId
            FROM unnest(@merchants, @modes, @operations, @keys, @old, @bodies)
                AS fresh (merchant_id, mode, operation, key, old, body)
            WHERE held.merchant_id = fresh.merchant_id AND held.mode = fresh.mode AND held.operation = fresh.operation
              AND held.key = fresh.key AND held.body = fresh.old
            """;
        return rows.Count == 0 ? 0 : await connection.ExecuteAsync(sql, new
        {
            merchants = rows.Select(row => row.Row.MerchantId).ToArray(),
            modes = rows.Select(row => row.Row.Mode.Code).ToArray(),
            operations = rows.Select(row => row.Row.Operation).ToArray(),
            keys = rows.Select(row => row.Row.Key).ToArray(),
            old = rows.Select(row => row.Row.Body).ToArray(),
            bodies = rows.Select(row => row.Body).ToArray(),
            keyId,
        }, cancellationToken);
    }
}
