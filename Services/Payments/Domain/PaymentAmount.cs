using ArdorQr.Contracts;

namespace ArdorQr.Payments.Domain;

/// <summary>Which sum a payment has, when the code, the rail and the merchant may each name one.</summary>
internal abstract record PaymentAmount
{
    private PaymentAmount()
    {
    }

    internal sealed record Fixed(Kopecks Amount) : PaymentAmount;

    /// <summary>The code shows another sum than the rail names: somebody has changed the code.</summary>
    internal sealed record Tampered : PaymentAmount;

    /// <summary>Nobody named a sum.</summary>
    internal sealed record Required : PaymentAmount;

    /// <summary>The merchant asked for another sum than the code's.</summary>
    internal sealed record Mismatch(Kopecks Expected) : PaymentAmount;

    internal sealed record BelowMinimum(Kopecks Minimum) : PaymentAmount;

    internal sealed record AboveMaximum(Kopecks Maximum) : PaymentAmount;

    /// <param name="ofCode">The sum that the code shows.</param>
    /// <param name="ofRail">The sum that the rail names; it counts before the code's.</param>
    /// <param name="asked">The merchant's <c>amountMinor</c>.</param>
    /// <param name="minimum">The least payment.</param>
    /// <param name="maximum">The greatest payment.</param>
    public static PaymentAmount Decide(
        Kopecks? ofCode, Kopecks? ofRail, Kopecks? asked, Kopecks minimum, Kopecks maximum)
    {
        if (ofCode is not null && ofRail is not null && ofCode != ofRail)
        {
            return new Tampered();
        }

        var named = ofRail ?? ofCode;
        if (named is { } expected && asked is not null && asked != named)
        {
            return new Mismatch(expected);
        }

        return (named ?? asked) switch
        {
            null => new Required(),
            { } amount when amount < minimum => new BelowMinimum(minimum),
            { } amount when amount > maximum => new AboveMaximum(maximum),
            { } amount => new Fixed(amount),
        };
    }
}
