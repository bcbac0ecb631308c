using System.Globalization;
using System.Text.Json;

namespace ArdorQr.Deposits.Clients;

/// <summary>
/// How each kind of rate source answers. A reader throws for what it can't read, and the source then has no quote.
/// Numbers are read as decimals, never through binary floating point.
/// </summary>
internal static class RateAnswers
{
    public const string Sandbox = "sandbox";
    public const string Rapira = "rapira";
    public const string CoinGecko = "coingecko";
    public const string BybitP2P = "bybit-p2p";

    /// <summary>How many of Bybit's offers make its quote.</summary>
    private const int BybitOffers = 5;

    /// <summary>Readers by the kind that settings name; the time is when the answer came.</summary>
    public static IReadOnlyDictionary<string, Func<JsonElement, DateTimeOffset, Answer>> Kinds { get; } =
        new Dictionary<string, Func<JsonElement, DateTimeOffset, Answer>>
        {
            [Sandbox] = ReadSandbox,
            [Rapira] = ReadRapira,
            [CoinGecko] = ReadCoinGecko,
            [BybitP2P] = ReadBybit,
        };

    /// <summary>What is posted to sources that are asked so; all others are asked by GET.</summary>
    public static IReadOnlyDictionary<string, string> Posts { get; } = new Dictionary<string, string>
    {
        // Offers of people who buy: we sell. Page and size are texts there.
        [BybitP2P] =
            """
            {"userId":"","tokenId":"USDT","currencyId":"RUB","payment":[],"side":"0","size":"10","page":"1","amount":""}
            """,
    };

    /// <summary>What a source says.</summary>
    /// <param name="Bid">Roubles for one USDT sold.</param>
    /// <param name="At">When the source saw it.</param>
    /// <param name="IsSandbox">Whether it says that it is a sandbox.</param>
    internal sealed record Answer(decimal Bid, DateTimeOffset At, bool IsSandbox);

    /// <summary><c>{"pair":"USDT/RUB","bid":92.34,"at":"…Z","environment":"sandbox"}</c></summary>
    private static Answer ReadSandbox(JsonElement answer, DateTimeOffset receivedAt) =>
        answer.GetProperty("pair").GetString() == "USDT/RUB"
            ? new Answer(
                answer.GetProperty("bid").GetDecimal(), answer.GetProperty("at").GetDateTimeOffset(),
                answer.GetProperty("environment").GetString() == "sandbox")
            : throw new FormatException("The pair isn't USDT/RUB.");

    /// <summary>
    /// GET api.rapira.net/open/market/rates: <c>{"data":[{"symbol":"USDT/RUB","bidPrice":92.34,…},…]}</c>, the order
    /// book's best bid of now.
    /// </summary>
    private static Answer ReadRapira(JsonElement answer, DateTimeOffset receivedAt)
    {
        var row = answer.GetProperty("data").EnumerateArray()
            .Single(pair => pair.GetProperty("symbol").GetString() == "USDT/RUB");
        return new Answer(row.GetProperty("bidPrice").GetDecimal(), receivedAt, IsSandbox: false);
    }

    /// <summary>
    /// GET api.coingecko.com/api/v3/simple/price?ids=tether&amp;vs_currencies=rub&amp;include_last_updated_at=true:
    /// <c>{"tether":{"rub":92.34,"last_updated_at":1781870400}}</c>
    /// </summary>
    private static Answer ReadCoinGecko(JsonElement answer, DateTimeOffset receivedAt)
    {
        var tether = answer.GetProperty("tether");
        return new Answer(
            tether.GetProperty("rub").GetDecimal(),
            DateTimeOffset.FromUnixTimeSeconds(tether.GetProperty("last_updated_at").GetInt64()), IsSandbox: false);
    }

    /// <summary>
    /// POST api2.bybit.com/fiat/otc/item/online: <c>{"ret_code":0,"result":{"items":[{"tokenId":"USDT",
    /// "currencyId":"RUB","price":"92.34",…},…]}}</c>, the offers of now. The best one may be bait: the median of the
    /// best few counts.
    /// </summary>
    private static Answer ReadBybit(JsonElement answer, DateTimeOffset receivedAt)
    {
        if (answer.GetProperty("ret_code").GetInt32() != 0)
        {
            throw new FormatException("The source answered with an error.");
        }

        var prices = answer.GetProperty("result").GetProperty("items").EnumerateArray()
            .Where(offer => offer.GetProperty("tokenId").GetString() == "USDT"
                && offer.GetProperty("currencyId").GetString() == "RUB")
            .Select(offer => decimal.Parse(
                offer.GetProperty("price").GetString()!, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture))
            .OrderDescending().Take(BybitOffers).ToList();
        return prices.Count == BybitOffers
            ? new Answer(prices[BybitOffers / 2], receivedAt, IsSandbox: false)
            : throw new FormatException("The source has too few offers.");
    }
}
