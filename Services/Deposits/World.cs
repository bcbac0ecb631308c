using ArdorQr.Contracts;
using ArdorQr.Deposits.Domain;
using ArdorQr.Ton;
using Microsoft.Extensions.Options;

namespace ArdorQr.Deposits;

/// <summary>One mode's world, as its settings make it.</summary>
internal sealed record World
{
    public required Mode Mode { get; init; }

    public required int NetworkGlobalId { get; init; }

    public required byte[] PublicKey { get; init; }

    public required JettonKind Jetton { get; init; }

    public required RateRule RateRule { get; init; }

    public required Usdt MinAmount { get; init; }

    public required CreditLimits Limits { get; init; }

    /// <summary>The settings as they were given, for plain numbers and addresses.</summary>
    public required WorldOptions Options { get; init; }

    /// <summary>Addresses of any network but mainnet are shown in the form that wallets of mainnet refuse.</summary>
    public bool IsTestNetwork => IsTestNetworkId(NetworkGlobalId);

    public static bool IsTestNetworkId(int networkGlobalId) => networkGlobalId != WalletV5R1.MainnetGlobalId;

    /// <summary>The owner's address that belongs to a merchant's number.</summary>
    /// <exception cref="OverflowException">The number isn't within 1..2³¹−1.</exception>
    public TonAddress OwnerOf(
        long merchantNumber) => WalletV5R1.AddressOf(PublicKey, NetworkGlobalId, checked((uint)merchantNumber));

    public static World Of(Mode mode, WorldOptions options) => new()
    {
        Mode = mode,
        NetworkGlobalId = options.NetworkGlobalId!.Value,
        PublicKey = Convert.FromHexString(options.PublicKey!),
        Jetton = new JettonKind(
            TonAddress.Parse(options.JettonMaster!),
            options.JettonWalletCodeHash is { } hash
                ? JettonWallet.LibraryCode(Convert.FromHexString(hash))
                : JettonWallet.UsdtMainnetCode),
        RateRule = new RateRule(
            RateOf(options.MinRateAbsolute), RateOf(options.MaxRateAbsolute), options.MinRateSources,
            IsTestNetworkId(options.NetworkGlobalId.Value), options.MaxRateStepBps,
            options.ReferenceRateUrl is null ? null : options.MaxReferenceDistanceBps),
        MinAmount = AmountOf(options.MinAmountUsdt),
        Limits = options is { MaxCreditUsdt: null, MaxCreditPerHourUsdt: null }
            ? CreditLimits.None
            : new CreditLimits(LimitOf(options.MaxCreditUsdt), LimitOf(options.MaxCreditPerHourUsdt)),
        Options = options,
    };

    private static Usdt LimitOf(decimal? usdt) => usdt is { } given ? AmountOf(given) : Usdt.FromMicros(long.MaxValue);

    private static UsdtRate RateOf(decimal roubles) => UsdtRate.TryFromDecimal(roubles, out var rate)
        ? rate
        : throw new InvalidOperationException($"{roubles} is no rate.");

    private static Usdt AmountOf(decimal usdt) => Usdt.TryFromDecimal(usdt, out var amount)
        ? amount
        : throw new InvalidOperationException($"{usdt} is no amount of USDT.");
}

/// <summary>The worlds that are set up.</summary>
internal sealed class Worlds(IOptions<WorldsOptions> options)
{
    public IReadOnlyList<World> All { get; } =
    [
        .. new[] { (Mode.Live, options.Value.Live), (Mode.Test, options.Value.Test) }
            .Where(pair => pair.Item2 is not null)
            .Select(pair => World.Of(pair.Item1, pair.Item2!)),
    ];

    /// <summary>The mode's world, or null when it isn't set up.</summary>
    public World? Find(Mode mode) => All.SingleOrDefault(world => world.Mode == mode);
}
