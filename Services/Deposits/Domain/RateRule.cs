namespace ArdorQr.Deposits.Domain;

/// <summary>What one source says a USDT is worth.</summary>
/// <param name="Source">The source's name in the settings.</param>
/// <param name="Rate">The bid: what the house gets when it sells the USDT.</param>
/// <param name="At">When the source saw that price.</param>
/// <param name="IsSandbox">Whether the source declares itself a sandbox.</param>
internal sealed record RateQuote(string Source, UsdtRate Rate, DateTimeOffset At, bool IsSandbox);

/// <summary>The rate of a credit, with the quotes that it was made of.</summary>
internal sealed record AcceptedRate(UsdtRate Rate, DateTimeOffset At, IReadOnlyList<RateQuote> Quotes);

/// <summary>
/// Which quotes count, and the rate that follows from them. Without enough of them there is no rate, never a fallback.
/// </summary>
/// <param name="Lowest">A quote below is a fault of its source.</param>
/// <param name="Highest">A quote above is a fault of its source.</param>
/// <param name="MinSources">How many valid quotes there must be.</param>
/// <param name="IsSandbox">Whether this world is a sandbox: a quote of the other kind never counts.</param>
internal sealed record RateRule(UsdtRate Lowest, UsdtRate Highest, int MinSources, bool IsSandbox)
{
    /// <summary>An older quote doesn't count.</summary>
    public const int MaxAgeSeconds = 60;

    /// <summary>Clocks differ a little; a quote from further in the future doesn't count.</summary>
    public const int MaxLeadSeconds = 10;

    /// <summary>The median of the valid quotes (of two middle ones their mean, rounded down), or null.</summary>
    /// <param name="quotes">At most one per source.</param>
    /// <param name="now">The database's clock.</param>
    public AcceptedRate? Apply(IEnumerable<RateQuote> quotes, DateTimeOffset now)
    {
        var valid = quotes.Where(quote => IsValid(quote, now)).OrderBy(quote => quote.Rate).ToList();
        if (valid.Count == 0 || valid.Count < MinSources)
        {
            return null;
        }

        var (low, high) = (valid[(valid.Count - 1) / 2].Rate.Micros, valid[valid.Count / 2].Rate.Micros);
        return new AcceptedRate(UsdtRate.FromMicros(low + ((high - low) / 2)), valid.Min(quote => quote.At), valid);
    }

    private bool IsValid(RateQuote quote, DateTimeOffset now) =>
        quote.IsSandbox == IsSandbox
        && !(quote.Rate < Lowest) && !(quote.Rate > Highest)
        && now - quote.At <= TimeSpan.FromSeconds(MaxAgeSeconds)
        && quote.At - now <= TimeSpan.FromSeconds(MaxLeadSeconds);
}
