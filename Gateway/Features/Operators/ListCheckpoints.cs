using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// GET /operator/checkpoints: one wallet's kept checkpoints, newest first, by <c>limit</c> and <c>before</c>; the verifier
/// takes the answer as it is.
/// </summary>
internal static class ListCheckpoints
{
    private sealed record Response(IReadOnlyList<CheckpointView> Checkpoints);

    private sealed record CheckpointView(
        Guid MerchantId, Mode Mode, long Sequence, string Hash, long BalanceMinor, DateTimeOffset CreatedAt, string KeyId,
        string PublicKey, string Signature, DateTimeOffset KeptAt);

    public static void MapListCheckpoints(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/operator/checkpoints", HandleAsync).WithName(nameof(ListCheckpoints));

    private static async Task<IResult> HandleAsync(
        HttpRequest request, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT sequence, hash, balance_kopecks, created_at, key_id, public_key, signature, kept_at
            FROM gateway.checkpoint
            WHERE merchant_id = @merchantId AND mode = @mode AND (@before::timestamptz IS NULL OR created_at < @before)
            ORDER BY created_at DESC
            LIMIT @limit
            """;
        var merchantId = ListQuery.Id(request.Query["merchantId"].ToString(), "merchantId");
        var mode = Mode.TryParse(request.Query["mode"].ToString())
            ?? throw new RejectedException(CommonErrors.ValidationFailed("mode", "mode — live или test."));
        var (limit, before) = (ListQuery.Limit(request), ListQuery.Before(request));
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(
            sql, new { merchantId, mode = mode.Code, limit, before }, cancellationToken);
        return Results.Ok(new Response([.. rows.Select(row => new CheckpointView(
            merchantId, mode, row.Sequence, row.Hash, row.BalanceKopecks.Value, row.CreatedAt, row.KeyId, row.PublicKey,
            row.Signature, row.KeptAt))]));
    }

    private sealed record Row
    {
        public long Sequence { get; init; }
        public string Hash { get; init; } = "";
        public Kopecks BalanceKopecks { get; init; }
        public DateTimeOffset CreatedAt { get; init; }
        public string KeyId { get; init; } = "";
        public string PublicKey { get; init; } = "";
        public string Signature { get; init; } = "";
        public DateTimeOffset KeptAt { get; init; }
    }
}
