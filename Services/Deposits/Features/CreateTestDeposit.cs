using ArdorQr.Contracts;
using ArdorQr.Deposits.Clients;
using ArdorQr.Deposits.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.Ton;

namespace ArdorQr.Deposits.Features;

/// <summary>
/// POST /v1/test/deposits: the faucet of the caller's world sends USDT to the merchant's address. A world without a
/// faucet is one of real money. What arrives is then found, verified and credited like any other deposit.
/// </summary>
internal static class CreateTestDeposit
{
    /// <summary>The most that is asked of a faucet at once.</summary>
    private const long MaxAmountMicros = 1_000_000 * Usdt.MicrosPerUnit;

    internal sealed record Request
    {
        public required Usdt Amount { get; init; }
    }

    internal sealed record Response(string TxHash, Usdt Amount, string ToAddress);

    public static void MapCreateTestDeposit(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/test/deposits", HandleAsync).WithName(nameof(CreateTestDeposit));

    private static async Task<IResult> HandleAsync(
        HttpContext context, Worlds worlds, ServiceDatabase database, FaucetClient faucet, CancellationToken cancellationToken)
    {
        var caller = CallerIdentity.Of(context.User);
        if (worlds.Find(caller.Mode) is not { Options.FaucetUrl: not null } world)
        {
            return CommonErrors.TestModeOnly.ToResult();
        }

        var amount = (await JsonBody.ReadAsync<Request>(context, cancellationToken)).Amount;
        if (amount.Micros is < 1 or > MaxAmountMicros)
        {
            return DepositErrors.AmountInvalid(Usdt.FromMicros(MaxAmountMicros).ToString()).ToResult();
        }

        var owner = await OwnerAsync(database, world, caller, cancellationToken);
        var hash = await faucet.SendAsync(world, owner, amount, cancellationToken);
        return Results.Json(
            new Response(hash.Hex, amount, owner.ToFriendly(bounceable: false, testOnly: world.IsTestNetwork)),
            statusCode: StatusCodes.Status202Accepted);
    }

    private static async Task<TonAddress> OwnerAsync(
        ServiceDatabase database, World world, CallerIdentity caller, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var row = await Addresses.FindOrAssignAsync(
            connection, world, caller.MerchantId, caller.MerchantNumber, cancellationToken);
        return TonAddress.Parse(row.Owner);
    }
}
