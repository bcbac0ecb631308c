using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace ArdorQr.ServiceDefaults.Recovery;

/// <summary>Recovery mode, after a restore from a backup: the same for every service. See docs/restore.md.</summary>
public sealed class RecoveryOptions
{
    public const string Section = "Recovery";

    /// <summary>
    /// The time of the restored state, with its offset, such as <c>2026-01-31T10:20:30Z</c>: nothing goes to the rail or
    /// to merchants until an operator ends the recovery. Not given: the databases were never restored.
    /// </summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>How far before that time the outside is matched too.</summary>
    [Range(1, 7 * 24 * 60)]
    public int MarginMinutes { get; init; } = 60;

    /// <summary>
    /// How long after its begin the recovery can end at the earliest: a rail's statement or a chain's index may be late.
    /// </summary>
    [Range(0, 24 * 60)]
    public int SettleMinutes { get; init; } = 5;

    /// <summary>How many merchant numbers are left out: more than were given after the restored state.</summary>
    [Range(1, 1_000_000)]
    public int NumberJump { get; init; } = 10_000;

    /// <summary>
    /// The least number that the next merchant may get. Needed when more merchants than one a second were registered
    /// between two restores: otherwise the clock tells a number that was never given.
    /// </summary>
    [Range(1, 2_147_000_000)]
    public int? FirstNumber { get; init; }
}

[OptionsValidator]
internal sealed partial class RecoveryOptionsValidator : IValidateOptions<RecoveryOptions>;
