using ArdorQr.Contracts;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Database;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features;

/// <summary>GET /v1/keys: the merchant's keys, newest first; a test key sees test keys only.</summary>
internal static class ListKeys
{
    /// <summary>More than a merchant can have active; of the revoked ones the oldest drop out.</summary>
    private const int MaxShown = 1_000;

    private sealed record Response(IReadOnlyList<KeyView> Keys);

    private sealed record KeyView
    {
        public required Guid Id { get; init; }
        public required string Hint { get; init; }
        public required Mode Mode { get; init; }
        public required string? Label { get; init; }
        public required DateTimeOffset? LastUsedAt { get; init; }
        public required DateTimeOffset? RevokedAt { get; init; }
        public required DateTimeOffset CreatedAt { get; init; }
    }

    public static void MapListKeys(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/keys", HandleAsync).WithName(nameof(ListKeys));

    private static async Task<IResult> HandleAsync(
        HttpContext context, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT id, hint, mode, label, last_used_at, revoked_at, created_at
            FROM (
                SELECT id, hint, mode, label, last_used_at, revoked_at, created_at
                FROM gateway.api_key
                WHERE merchant_id = @merchantId AND mode = ANY(@modes)
                ORDER BY revoked_at IS NOT NULL, created_at DESC, id DESC
                LIMIT @limit) AS shown
            ORDER BY created_at DESC, id DESC
            """;
        var key = KnownKey.Of(context, KeyRules.Keys);
        var modes = Mode.All.Where(mode => KeyRules.CanManage(key.Mode, mode)).Select(mode => mode.Code).ToArray();
        await using var connection = await database.OpenAsync(cancellationToken);
        var keys = await connection.QueryAsync<KeyView>(
            sql, new { merchantId = key.Merchant.Id, modes, limit = MaxShown }, cancellationToken);
        return Results.Ok(new Response([.. keys]));
    }
}
