using ArdorQr.Contracts;
using ArdorQr.Deposits.Database;
using ArdorQr.Deposits.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.Ton;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Deposits.Features;

/// <summary>
/// GET /internal/quotes/{merchantId}/{mode}?creditMinor=…: how many USDT a merchant must send, at the rate of now, for
/// this many kopecks to be credited, and where. An offer to be shown and no promise: a credit takes the rate of its time.
/// </summary>
internal static class GetQuote
{
    public const string Scope = "deposits:quote";

    /// <param name="Amount">The least that is enough after the fee, and not below the least deposit.</param>
    /// <param name="Rate">Roubles per USDT.</param>
    /// <param name="RateAt">When the rate's oldest source saw it.</param>
    /// <param name="FeeBps">The fee, which the amount includes.</param>
    /// <param name="Address">The merchant's own, as GET /v1/deposit-address shows it.</param>
    /// <param name="Url">A <c>ton://transfer</c> link that names the amount in micro-units and the jetton.</param>
    internal sealed record Response(
        Usdt Amount, decimal Rate, DateTimeOffset RateAt, int FeeBps, string Address, string Url);

    public static void MapGetQuote(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/quotes/{merchantId}/{mode}", HandleAsync).WithName(nameof(GetQuote));

    private static async Task<IResult> HandleAsync(
        string merchantId, string mode, HttpRequest request, [FromServices] Worlds worlds,
        [FromServices] TakeRate rates, [FromServices] ServiceDatabase database,
        CancellationToken cancellationToken)
    {
        var merchant = ListQuery.Id(merchantId, "merchantId");
        var credit = CreditOf(request);
        var asked = Mode.TryParse(mode)
            ?? throw new RejectedException(CommonErrors.ValidationFailed("mode", "mode — live или test."));
        if (worlds.Find(asked) is not { } world)
        {
            return DepositErrors.NotReceiving.ToResult();
        }

        var rate = await rates.RunAsync(world, cancellationToken);
        await using var connection = await database.OpenAsync(cancellationToken);
        var address = await Addresses.FindAsync(connection, merchant, asked, cancellationToken);
        return address is not null && rate is not null
            && CreditInverse.SmallestFor(credit, rate.Rate, world.Options.FeeBps) is { } amount
                ? Results.Ok(ResponseOf(world, address, rate, amount < world.MinAmount ? world.MinAmount : amount))
                : CommonErrors.Unavailable.ToResult();
    }

    private static Response ResponseOf(World world, AddressRow row, AcceptedRate rate, Usdt amount)
    {
        var address = TonAddress.Parse(row.Owner).ToFriendly(bounceable: false, testOnly: world.IsTestNetwork);
        var master = world.Jetton.Master.ToFriendly(bounceable: true, testOnly: world.IsTestNetwork);
        return new Response(
            amount, rate.Rate.ToDecimal(), rate.At, world.Options.FeeBps, address,
            $"ton://transfer/{address}?jetton={master}&amount={amount.Micros}");
    }

    /// <exception cref="RejectedException">400 validation_failed.</exception>
    private static Kopecks CreditOf(HttpRequest request) =>
        request.Query["creditMinor"] is [{ } text]
        && long.TryParse(
            text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var credit)
        && credit > 0
            ? new Kopecks(credit)
            : throw new RejectedException(CommonErrors.ValidationFailed(
                "creditMinor", "creditMinor — целое число копеек, не меньше 1."));
}
