using System.Security.Claims;
using ArdorQr.Ledger.Database;
using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Identity;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Ledger.Features;

/// <summary>GET /v1/balance: the caller's balance in the key's mode.</summary>
internal static class GetBalance
{
    internal sealed record Response(Guid MerchantId, long BalanceMinor, string Currency);

    public static void MapGetBalance(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/balance", HandleAsync).WithName(nameof(GetBalance));

    private static async Task<IResult> HandleAsync(
        ClaimsPrincipal user, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        var caller = CallerIdentity.Of(user);
        var wallet = new WalletKey(caller.MerchantId, caller.Mode);
        var balance = await Books.BalanceAsync(database, wallet, cancellationToken);
        return TypedResults.Ok(new Response(caller.MerchantId, balance.Value, "RUB"));
    }
}
