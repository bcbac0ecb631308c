using System.ComponentModel.DataAnnotations;
using ArdorQr.Contracts;
using Microsoft.Extensions.Options;

namespace ArdorQr.Deposits;

/// <summary>The outside worlds, one per mode. A mode without settings has none: nothing is received there.</summary>
internal sealed class WorldsOptions
{
    public const string Section = "Deposits:Worlds";

    [ValidateObjectMembers]
    public WorldOptions? Live { get; init; }

    [ValidateObjectMembers]
    public WorldOptions? Test { get; init; }

    /// <summary>The names of the settings without which a mode has no world.</summary>
    public static IEnumerable<string> NeededIn(Mode mode)
    {
        var section = $"{Section}:{(mode == Mode.Live ? nameof(Live) : nameof(Test))}";
        string[] both =
        [
            nameof(WorldOptions.PublicKey), nameof(WorldOptions.NetworkGlobalId), nameof(WorldOptions.ChainUrl),
            nameof(WorldOptions.JettonMaster), nameof(WorldOptions.RateSources),
        ];
        string[] live =
        [
            nameof(WorldOptions.MinRateSources), nameof(WorldOptions.MaxRateStepBps), nameof(WorldOptions.ReferenceRateUrl),
            nameof(WorldOptions.MaxCreditUsdt), nameof(WorldOptions.MaxCreditPerHourUsdt),
        ];
        return (mode == Mode.Live ? both.Concat(live) : both).Select(name => $"{section}:{name}");
    }
}

/// <summary>One mode's chain, jetton, rate sources and terms.</summary>
internal sealed class WorldOptions
{
    /// <summary>The ed25519 public key that all deposit addresses are derived from: 64 hex digits.</summary>
    [Required, RegularExpression("^[0-9a-fA-F]{64}$")]
    public string? PublicKey { get; init; }

    /// <summary>−239 for mainnet, which only live has; −3 for test networks.</summary>
    [Required]
    public int? NetworkGlobalId { get; init; }

    /// <summary>The base of toncenter's API: <c>/api/v3/…</c> is appended.</summary>
    [Required, Url]
    public string? ChainUrl { get; init; }

    /// <summary>Sent as <c>X-API-Key</c>. A secret.</summary>
    public string? ChainApiKey { get; init; }

    /// <summary>How long one request to the chain's API may take.</summary>
    [Range(1, 60)]
    public int ChainTimeoutSeconds { get; init; } = 10;

    /// <summary>The most that the chain's API is asked per second.</summary>
    [Range(1, 1_000)]
    public int ChainRequestsPerSecond { get; init; } = 25;

    /// <summary>How much of that is for comparing balances; the rest is for deposits.</summary>
    [Range(1, 90)]
    public int ReconciliationSharePercent { get; init; } = 20;

    /// <summary>How long a walk over all wallets is rested from.</summary>
    [Range(0, 86_400)]
    public int ReconciliationPauseSeconds { get; init; } = 10;

    /// <summary>
    /// With more merchants than that one scan of all the jetton's transfers takes the place of theirs by address.
    /// </summary>
    [Range(0, 10_000)]
    public int ScanMasterAboveMerchants { get; init; } = 300;

    /// <summary>
    /// Another index, of somebody else's, that must agree on what is above the limits; an operator otherwise.
    /// </summary>
    [Url]
    public string? SecondChainUrl { get; init; }

    /// <summary>Sent to the second index as <c>X-API-Key</c>. A secret.</summary>
    public string? SecondChainApiKey { get; init; }

    /// <summary>USDT credited in one deposit on one index's word. Live needs it.</summary>
    [Range(typeof(decimal), "0.000001", "1000000000")]
    public decimal? MaxCreditUsdt { get; init; }

    /// <summary>USDT credited within an hour on one index's word, all merchants together. Live needs it.</summary>
    [Range(typeof(decimal), "0.000001", "1000000000")]
    public decimal? MaxCreditPerHourUsdt { get; init; }

    /// <summary>A file with addresses, one a line, from which nothing is credited.</summary>
    public string? BlockedSourcesFile { get; init; }

    /// <summary>Where test money is asked for, the whole address; only a test network has one.</summary>
    [Url]
    public string? FaucetUrl { get; init; }

    /// <summary>The faucet's bearer token. A secret.</summary>
    public string? FaucetToken { get; init; }

    /// <summary>The USDT master's address, raw or friendly.</summary>
    [Required]
    public string? JettonMaster { get; init; }

    /// <summary>The hash of the jetton wallet's real code (64 hex digits); unset, that of USDT on mainnet.</summary>
    [RegularExpression("^[0-9a-fA-F]{64}$")]
    public string? JettonWalletCodeHash { get; init; }

    [Required, MinLength(1), ValidateEnumeratedItems]
    public IReadOnlyList<RateSourceOptions> RateSources { get; init; } = [];

    /// <summary>How many sources must agree on a price within the bounds; live needs at least two.</summary>
    [Range(1, 10)]
    public int MinRateSources { get; init; } = 1;

    /// <summary>Roubles per USDT; a quote below is a fault of its source.</summary>
    [Range(typeof(decimal), "0.000001", "1000000")]
    public decimal MinRateAbsolute { get; init; } = 40;

    /// <summary>Roubles per USDT; a quote above is a fault of its source.</summary>
    [Range(typeof(decimal), "0.000001", "1000000")]
    public decimal MaxRateAbsolute { get; init; } = 250;

    /// <summary>
    /// How far, in basis points, a quote may be from the rate of the last hour's last credit. Live needs it.
    /// </summary>
    [Range(1, 10_000)]
    public int? MaxRateStepBps { get; init; }

    /// <summary>
    /// The Bank of Russia's daily rates (XML_daily.asp), whose dollar every quote must be near. Live needs it.
    /// </summary>
    [Url]
    public string? ReferenceRateUrl { get; init; }

    /// <summary>How near, in basis points.</summary>
    [Range(1, 10_000)]
    public int MaxReferenceDistanceBps { get; init; } = 1_500;

    /// <summary>How many masterchain blocks deep a receipt must be.</summary>
    [Range(0, 1_000)]
    public int Confirmations { get; init; } = 1;

    /// <summary>How often the chain is asked for a new block.</summary>
    [Range(10, 60_000)]
    public int PollIntervalMilliseconds { get; init; } = 1_000;

    /// <summary>
    /// How far below the cursor rows are read again, a page per round, in logical time: indexes add late. About a million
    /// is a block of mainnet, a hundred million is one of the sandbox.
    /// </summary>
    [Range(0, 100_000_000_000)]
    public long CursorOverlapLt { get; init; } = 6_000_000_000;

    /// <summary>A transfer that a fresh index doesn't show as received for so long has failed.</summary>
    [Range(1, 10_080)]
    public int VanishedAfterMinutes { get; init; } = 30;

    /// <summary>The house's fee in basis points.</summary>
    [Range(0, 9_999)]
    public int FeeBps { get; init; } = 150;

    /// <summary>Less is never credited.</summary>
    [Range(typeof(decimal), "0.000001", "1000000")]
    public decimal MinAmountUsdt { get; init; } = 0.5m;
}

/// <summary>A place that says what a USDT is worth.</summary>
internal sealed class RateSourceOptions
{
    /// <summary>Names it in the log, the metrics and the stored snapshot.</summary>
    [Required]
    public string? Name { get; init; }

    /// <summary>Where it is asked, the whole address.</summary>
    [Required, Url]
    public string? Url { get; init; }

    /// <summary>Whose answers these are; a name of <see cref="Clients.RateAnswers.Kinds"/>.</summary>
    [Required]
    public string? Kind { get; init; }
}

[OptionsValidator]
internal sealed partial class WorldsOptionsValidator : IValidateOptions<WorldsOptions>;
