using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>Who may operate, and what takes two.</summary>
internal sealed class OperatorOptions
{
    public const string Section = "Operator";

    private const int MinTokenLength = 16;

    /// <summary>The bearer token of the first operator, who has every role and makes the others. A secret.</summary>
    [Required, MinLength(MinTokenLength)]
    public string? Token { get; init; }

    /// <summary>How the audit log names the first operator.</summary>
    [Required, RegularExpression("^[a-z0-9][a-z0-9._-]{0,63}$")]
    public string Name { get; init; } = "root";

    /// <summary>Whether settlements and large adjustments wait for a second operator.</summary>
    public bool SecondOperator { get; init; } = true;

    /// <summary>Adjustments up to this many kopecks, either way, need no second operator.</summary>
    [Range(0, long.MaxValue)]
    public long AdjustmentLimitMinor { get; init; } = 1_000_000;

    /// <summary>How long a request waits for its second operator.</summary>
    [Range(1, 720)]
    public int ApprovalHours { get; init; } = 24;
}

[OptionsValidator]
internal sealed partial class OperatorOptionsValidator : IValidateOptions<OperatorOptions>;
