using ArdorQr.Gateway.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>GET /operator/merchants/{id}.</summary>
internal static class GetMerchant
{
    public static void MapGetMerchant(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/operator/merchants/{id}", HandleAsync).WithName(nameof(GetMerchant));

    private static async Task<IResult> HandleAsync(
        string id, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql = "SELECT id, number, name, status, created_at FROM gateway.merchant WHERE id = @id";
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<MerchantRow>(sql, new { id = ListQuery.Id(id) }, cancellationToken)
            is { } merchant
                ? Results.Ok(MerchantView.Of(merchant))
                : CommonErrors.NotFound.ToResult();
    }
}
