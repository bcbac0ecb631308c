using System.ComponentModel.DataAnnotations;
using ArdorQr.Ton;
using Microsoft.Extensions.Options;

namespace ArdorQr.Sandbox;

/// <summary>The sandbox world's settings.</summary>
internal sealed class SandboxOptions
{
    public const string Section = "Sandbox";

    /// <summary>The bearer token of the rail's callers. A secret.</summary>
    [Required]
    public string? RailToken { get; init; }

    /// <summary>The bearer token of the faucet's callers. A secret.</summary>
    [Required]
    public string? FaucetToken { get; init; }

    /// <summary>Signs the rail's callbacks. A secret.</summary>
    [Required]
    public string? CallbackSecret { get; init; }

    /// <summary>Where the rail's callbacks go.</summary>
    [Required, Url]
    public string? CallbackUrl { get; init; }

    /// <summary>The chain's USDT master: an address in any form.</summary>
    [Required]
    public string JettonMaster { get; init; } = "0:a149cbe6d9c26f4c39ad944cbe03c6b165358394f6e439708647fb043a6410df";

    /// <summary>Roubles for one USDT, the bid price.</summary>
    [Range(1, 1_000_000)]
    public decimal UsdtRubBid { get; init; } = 92.34m;

    /// <summary>How long a submission that is to time out stays unanswered.</summary>
    [Range(1, 120)]
    public int HoldSeconds { get; init; } = 60;

    public TonAddress Master => TonAddress.Parse(JettonMaster);
}

[OptionsValidator]
internal sealed partial class SandboxOptionsValidator : IValidateOptions<SandboxOptions>;
