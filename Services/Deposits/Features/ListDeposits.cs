using System.Security.Claims;
using ArdorQr.Deposits.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Identity;

namespace ArdorQr.Deposits.Features;

/// <summary>GET /v1/deposits: the newest deposits of the caller's merchant and mode.</summary>
internal static class ListDeposits
{
    internal sealed record Response(IReadOnlyList<DepositView> Deposits);

    public static void MapListDeposits(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/deposits", HandleAsync).WithName(nameof(ListDeposits));

    private static async Task<IResult> HandleAsync(
        HttpRequest request, ClaimsPrincipal user, ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            SELECT {DepositRow.Columns} FROM deposits.deposit
            WHERE merchant_id = @merchantId AND mode = @mode
            ORDER BY created_at DESC, deposit_id DESC
            LIMIT @limit
            """;
        var caller = CallerIdentity.Of(user);
        var limit = ListQuery.Limit(request);
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<DepositRow>(
            sql, new { merchantId = caller.MerchantId, mode = caller.Mode, limit }, cancellationToken);
        return Results.Ok(new Response([.. rows.Select(DepositView.Of)]));
    }
}
