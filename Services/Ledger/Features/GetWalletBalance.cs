using ArdorQr.Contracts;
using ArdorQr.Ledger.Database;
using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Ledger.Features;

/// <summary>GET /internal/balances/{merchantId}/{mode}: a wallet's balance; an unknown one's is zero.</summary>
internal static class GetWalletBalance
{
    internal sealed record Response(long BalanceMinor);

    public static void MapGetWalletBalance(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/balances/{merchantId}/{mode}", HandleAsync).WithName(nameof(GetWalletBalance));

    private static async Task<IResult> HandleAsync(
        string merchantId, string mode, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        var key = new WalletKey(
            ListQuery.Id(merchantId, "merchantId"),
            Mode.TryParse(mode)
                ?? throw new RejectedException(CommonErrors.ValidationFailed("mode", "mode — live или test.")));
        return TypedResults.Ok(new Response((await Books.BalanceAsync(database, key, cancellationToken)).Value));
    }
}
