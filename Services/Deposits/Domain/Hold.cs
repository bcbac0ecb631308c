using ArdorQr.Contracts;

namespace ArdorQr.Deposits.Domain;

/// <summary>Why a deposit that was received isn't credited at once.</summary>
internal static class Hold
{
    /// <summary>There is no valid rate now.</summary>
    public const string Rate = "rate";

    /// <summary>It is above the limit of one deposit.</summary>
    public const string DepositLimit = "deposit_limit";

    /// <summary>With it, more than the limit would be credited within an hour.</summary>
    public const string HourLimit = "hour_limit";

    /// <summary>Its source isn't welcome, or that couldn't be found out.</summary>
    public const string Screening = "screening";

    public static IReadOnlyList<string> Reasons { get; } = [Rate, DepositLimit, HourLimit, Screening];

    /// <summary>
    /// What a limit stops until a second source or an operator says that the deposit is right; null for none.
    /// </summary>
    /// <param name="amount">The deposit.</param>
    /// <param name="ofLastHour">What was credited within the last hour.</param>
    /// <param name="limits">The limits.</param>
    public static string? ByLimit(Usdt amount, Usdt ofLastHour, CreditLimits limits) =>
        amount > limits.Deposit ? DepositLimit
        : amount > limits.Hour || ofLastHour.Micros > limits.Hour.Micros - amount.Micros ? HourLimit
        : null;
}

/// <summary>How much is credited on one source's word.</summary>
/// <param name="Deposit">The most in one deposit.</param>
/// <param name="Hour">The most within an hour, all merchants together.</param>
internal sealed record CreditLimits(Usdt Deposit, Usdt Hour)
{
    public static CreditLimits None { get; } = new(Usdt.FromMicros(long.MaxValue), Usdt.FromMicros(long.MaxValue));
}
