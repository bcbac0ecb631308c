using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;
using Npgsql;

namespace ArdorQr.Gateway.Database;

/// <summary>A key as it is listed: what it may do, never its secret.</summary>
internal sealed record KeyView(
    Guid Id, string Hint, Mode Mode, string? Label, DateTimeOffset? LastUsedAt, DateTimeOffset? RevokedAt,
    DateTimeOffset CreatedAt, IReadOnlyList<string> Permissions, IReadOnlyList<string>? AllowedIps,
    Kopecks? MaxPaymentMinor, Kopecks? DailyLimitMinor);

/// <summary>A merchant's keys, newest first.</summary>
internal static class KeyList
{
    /// <summary>More than a merchant can have active; of the revoked ones the oldest drop out.</summary>
    private const int MaxShown = 1_000;

    public static async Task<IReadOnlyList<KeyView>> ReadAsync(
        NpgsqlConnection connection, Guid merchantId, IEnumerable<Mode> modes, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT *
            FROM (
                SELECT id, hint, mode, label, last_used_at, revoked_at, created_at, rights, allowed_ips,
                       max_payment_kopecks, budget_ids, budget_kopecks
                FROM gateway.api_key
                WHERE merchant_id = @merchantId AND mode = ANY(@modes)
                ORDER BY revoked_at IS NOT NULL, created_at DESC, id DESC
                LIMIT @limit) AS shown
            ORDER BY created_at DESC, id DESC
            """;
        var codes = modes.Select(mode => mode.Code).ToArray();
        var rows = await connection.QueryAsync<Row>(
            sql, new { merchantId, modes = codes, limit = MaxShown }, cancellationToken);
        return [.. rows.Select(row => row.ToView())];
    }

    private sealed record Row
    {
        public Guid Id { get; init; }
        public string Hint { get; init; } = "";
        public Mode Mode { get; init; } = Mode.Test;
        public string? Label { get; init; }
        public DateTimeOffset? LastUsedAt { get; init; }
        public DateTimeOffset? RevokedAt { get; init; }
        public DateTimeOffset CreatedAt { get; init; }
        public string[] Rights { get; init; } = [];
        public string[]? AllowedIps { get; init; }
        public long? MaxPaymentKopecks { get; init; }
        public Guid[] BudgetIds { get; init; } = [];
        public long[] BudgetKopecks { get; init; } = [];

        public KeyView ToView()
        {
            var grant = Keys.GrantOf(Rights, AllowedIps, MaxPaymentKopecks, BudgetIds, BudgetKopecks);
            return new(
                Id, Hint, Mode, Label, LastUsedAt, RevokedAt, CreatedAt, grant.Permissions, AllowedIps,
                grant.Limits.MaxPayment, grant.DailyLimit);
        }
    }
}
