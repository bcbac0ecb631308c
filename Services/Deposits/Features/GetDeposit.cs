using System.Security.Claims;
using ArdorQr.Deposits.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Identity;

namespace ArdorQr.Deposits.Features;

/// <summary>GET /v1/deposits/{id}: one deposit of the caller's merchant and mode.</summary>
internal static class GetDeposit
{
    public static void MapGetDeposit(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/deposits/{id}", HandleAsync).WithName(nameof(GetDeposit));

    private static async Task<IResult> HandleAsync(
        string id, ClaimsPrincipal user, ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            SELECT {DepositRow.Columns} FROM deposits.deposit
            WHERE deposit_id = @depositId AND merchant_id = @merchantId AND mode = @mode
            """;
        var caller = CallerIdentity.Of(user);
        var depositId = ListQuery.Id(id);
        await using var connection = await database.OpenAsync(cancellationToken);
        var row = await connection.QuerySingleOrDefaultAsync<DepositRow>(
            sql, new { depositId, merchantId = caller.MerchantId, mode = caller.Mode }, cancellationToken);
        return row is null ? CommonErrors.NotFound.ToResult() : Results.Ok(DepositView.Of(row));
    }
}
