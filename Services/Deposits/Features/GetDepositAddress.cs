using System.Security.Claims;
using ArdorQr.Contracts;
using ArdorQr.Deposits.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.Ton;

namespace ArdorQr.Deposits.Features;

/// <summary>GET /v1/deposit-address: where a merchant's USDT go. Given at registration, or here if that news is late.</summary>
internal static class GetDepositAddress
{
    internal sealed record Response(string Address, string Network, string Asset, Usdt MinAmount, int FeeBps, string Note);

    public static void MapGetDepositAddress(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/deposit-address", HandleAsync).WithName(nameof(GetDepositAddress));

    private static async Task<IResult> HandleAsync(
        ClaimsPrincipal user, Worlds worlds, ServiceDatabase database, CancellationToken cancellationToken)
    {
        var caller = CallerIdentity.Of(user);
        if (worlds.Find(caller.Mode) is not { } world)
        {
            return DepositErrors.NotReceiving.ToResult();
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        var row = await Addresses.FindOrAssignAsync(
            connection, world, caller.MerchantId, caller.MerchantNumber, cancellationToken);
        return Results.Ok(ResponseOf(world, row));
    }

    private static Response ResponseOf(World world, AddressRow row)
    {
        var address = TonAddress.Parse(row.Owner).ToFriendly(bounceable: false, testOnly: world.IsTestNetwork);
        var master = world.Jetton.Master.ToFriendly(bounceable: true, testOnly: world.IsTestNetwork);
        return new Response(
            address, DepositView.TonNetwork, DepositView.UsdtAsset, world.MinAmount, world.Options.FeeBps,
            $"Переводите только USDT в сети TON, не меньше {world.MinAmount} USDT одним переводом. Другие монеты и переводы "
            + $"в других сетях не зачисляются и не возвращаются. Ссылка для кошелька: ton://transfer/{address}?jetton={master}");
    }
}
