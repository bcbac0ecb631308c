using ArdorQr.Contracts;
using ArdorQr.Deposits.Database;
using ArdorQr.Deposits.Domain;
using ArdorQr.Ton;

namespace ArdorQr.Deposits.Features;

/// <summary>
/// A deposit as merchants see it, in a GET, in a list and in a webhook alike. Its worth shows once it is credited.
/// </summary>
internal sealed record DepositView(
    Guid Id, string Status, string Asset, string Network, Usdt Amount, decimal? Rate, DateTimeOffset? RateAt, int FeeBps,
    Kopecks? GrossMinor, Kopecks? FeeMinor, Kopecks? CreditedMinor, string Currency, string TxHash, string? FromAddress,
    string ToAddress, Guid? OperationId, DateTimeOffset CreatedAt, DateTimeOffset? CreditedAt)
{
    public const string UsdtAsset = "USDT";
    public const string TonNetwork = "TON";
    private const string Rouble = "RUB";

    public static DepositView Of(DepositRow row)
    {
        var worth = row.Status == DepositRow.Credited ? row : null;
        return new DepositView(
            row.DepositId, row.Status, UsdtAsset, TonNetwork, Usdt.FromMicros(row.AmountMicros),
            worth?.RateMicros is { } rate ? UsdtRate.FromMicros(rate).ToDecimal() : null, worth?.RateAt, row.FeeBps,
            Roubles(worth?.GrossKopecks), Roubles(worth?.FeeKopecks), Roubles(worth?.CreditedKopecks), Rouble,
            row.TxHash, row.FromAddress is { } from ? Shown(from, row) : null, Shown(row.ToAddress, row),
            row.OperationId, row.CreatedAt, row.CreditedAt);
    }

    private static Kopecks? Roubles(long? kopecks) => kopecks is { } value ? new Kopecks(value) : null;

    /// <summary>As wallets show it: non-bounceable, and in a test network's form on one.</summary>
    private static string Shown(string raw, DepositRow row) =>
        TonAddress.Parse(raw).ToFriendly(bounceable: false, testOnly: World.IsTestNetworkId(row.NetworkGlobalId));
}
