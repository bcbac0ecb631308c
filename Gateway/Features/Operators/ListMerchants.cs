using ArdorQr.Gateway.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>GET /operator/merchants: newest first, by <c>limit</c> and <c>before</c>.</summary>
internal static class ListMerchants
{
    private sealed record Response(IReadOnlyList<MerchantView> Merchants);

    public static void MapListMerchants(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/operator/merchants", HandleAsync).WithName(nameof(ListMerchants));

    private static async Task<IResult> HandleAsync(
        HttpRequest request, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT id, number, name, status, created_at
            FROM gateway.merchant
            WHERE @before::timestamptz IS NULL OR created_at < @before
            ORDER BY created_at DESC, id DESC
            LIMIT @limit
            """;
        var (limit, before) = (ListQuery.Limit(request), ListQuery.Before(request));
        await using var connection = await database.OpenAsync(cancellationToken);
        var merchants = await connection.QueryAsync<MerchantRow>(sql, new { limit, before }, cancellationToken);
        return Results.Ok(new Response([.. merchants.Select(MerchantView.Of)]));
    }
}
