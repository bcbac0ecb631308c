using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Microsoft.Extensions.Options;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>Settings of the reconciliation across services.</summary>
internal sealed class ReconciliationOptions
{
    public const string Section = "Reconciliation";

    /// <summary>When the nightly run is due, hours and minutes in Europe/Moscow.</summary>
    [Required, RegularExpression("^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    public string NightlyAt { get; init; } = "03:30";

    /// <summary>
    /// How far back a run looks, by when deposits were seen, payments debited and events made; older ones that are open,
    /// have ended since or differed in the last run are looked at too.
    /// </summary>
    [Range(1, 90)]
    public int LookbackDays { get; init; } = 3;

    /// <summary>What changed less long ago is in flight, and isn't judged.</summary>
    [Range(0, 86_400)]
    public int MarginSeconds { get; init; } = 900;

    /// <summary>A run that takes longer has failed.</summary>
    [Range(1, 1_440)]
    public int MaxMinutes { get; init; } = 240;

    /// <summary>How long a run and what it found are kept.</summary>
    [Range(1, 3_650)]
    public int RetentionDays { get; init; } = 400;

    public TimeOnly Due => TimeOnly.ParseExact(NightlyAt, "HH:mm", CultureInfo.InvariantCulture);
}

[OptionsValidator]
internal sealed partial class ReconciliationOptionsValidator : IValidateOptions<ReconciliationOptions>;
