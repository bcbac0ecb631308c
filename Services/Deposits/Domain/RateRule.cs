namespace ArdorQr.Deposits.Domain;

/// <summary>What one source says a USDT is worth.</summary>
/// <param name="Source">The source's name in the settings.</param>
/// <param name="Rate">The bid: what the house gets when it sells the USDT.</param>
/// <param name="At">When the source saw that price.</param>
/// <param name="IsSandbox">Whether the source declares itself a sandbox.</param>
internal sealed record RateQuote(string Source, UsdtRate Rate, DateTimeOffset At, bool IsSandbox);

/// <summary>The rate of a credit, with the quotes that it was made of.</summary>
internal sealed record AcceptedRate(UsdtRate Rate, DateTimeOffset At, IReadOnlyList<RateQuote> Quotes);

/// <summary>What quotes are judged by besides themselves.</summary>
/// <param name="Now">The database's clock.</param>
/// <param name="Last">The rate that was credited with last; null before the first.</param>
/// <param name="LastAt">When that was.</param>
/// <param name="Reference">Roubles per dollar by the Bank of Russia; null when it isn't known.</param>
internal sealed record RateGuards(
    DateTimeOffset Now, UsdtRate? Last = null, DateTimeOffset? LastAt = null, UsdtRate? Reference = null);

/// <summary>
/// Which quotes count, and the rate that follows from them. Without enough of them there is no rate, never a fallback.
/// </summary>
/// <param name="Lowest">A quote below is a fault of its source.</param>
/// <param name="Highest">A quote above is a fault of its source.</param>
/// <param name="MinSources">How many valid quotes there must be.</param>
/// <param name="IsSandbox">Whether this world is a sandbox: a quote of the other kind never counts.</param>
/// <param name="MaxStepBps">How far from the last rate a quote may be; null for any distance.</param>
/// <param name="MaxReferenceBps">How far from the reference; null when the world has none.</param>
internal sealed record RateRule(
    UsdtRate Lowest, UsdtRate Highest, int MinSources, bool IsSandbox, int? MaxStepBps = null, int? MaxReferenceBps = null)
{
    /// <summary>An older quote doesn't count.</summary>
    public const int MaxAgeSeconds = 60;

    /// <summary>Clocks differ a little; a quote from further in the future doesn't count.</summary>
    public const int MaxLeadSeconds = 10;

    /// <summary>After so long without a credit the market may be anywhere within the other bounds.</summary>
    public const int StepMemoryMinutes = 60;

    private const int BasisPoints = 10_000;

    /// <summary>The median of the valid quotes (of two middle ones their mean, rounded down), or null.</summary>
    /// <param name="quotes">At most one per source.</param>
    /// <param name="guards">What they are judged by.</param>
    public AcceptedRate? Apply(IEnumerable<RateQuote> quotes, RateGuards guards)
    {
        var valid = quotes.Where(quote => IsValid(quote, guards)).OrderBy(quote => quote.Rate).ToList();
        if (valid.Count == 0 || valid.Count < MinSources)
        {
            return null;
        }

        var (low, high) = (valid[(valid.Count - 1) / 2].Rate.Micros, valid[valid.Count / 2].Rate.Micros);
        return new AcceptedRate(UsdtRate.FromMicros(low + ((high - low) / 2)), valid.Min(quote => quote.At), valid);
    }

    private bool IsValid(RateQuote quote, RateGuards guards) =>
        quote.IsSandbox == IsSandbox
        && !(quote.Rate < Lowest) && !(quote.Rate > Highest)
        && guards.Now - quote.At <= TimeSpan.FromSeconds(MaxAgeSeconds)
        && quote.At - guards.Now <= TimeSpan.FromSeconds(MaxLeadSeconds)
        && IsNearLast(quote.Rate, guards)
        && IsNearReference(quote.Rate, guards.Reference);

    private bool IsNearLast(UsdtRate rate, RateGuards guards) =>
        MaxStepBps is not { } most
        || guards.Last is not { } last
        || guards.Now - guards.LastAt > TimeSpan.FromMinutes(StepMemoryMinutes)
        || IsNear(rate, last, most);

    /// <summary>A world that has a reference takes no quote without it.</summary>
    private bool IsNearReference(UsdtRate rate, UsdtRate? reference) =>
        MaxReferenceBps is not { } most || (reference is { } known && IsNear(rate, known, most));

    private static bool IsNear(UsdtRate rate, UsdtRate other, int mostBps) =>
        (Int128)Math.Abs(rate.Micros - other.Micros) * BasisPoints <= (Int128)other.Micros * mostBps;
}
