using ArdorQr.Contracts;

namespace ArdorQr.Deposits.Domain;

/// <summary>What a deposit is worth: gross = amount × rate rounded down, fee rounded up, credited = gross − fee.</summary>
internal readonly record struct Credit
{
    /// <summary>Millionths of USDT times millionths of a rouble, in one kopeck.</summary>
    private const long MicroProductsPerKopeck = Usdt.MicrosPerUnit * UsdtRate.MicrosPerRouble / 100;

    private Credit(Kopecks gross, Kopecks fee) => (Gross, Fee) = (gross, fee);

    public Kopecks Gross { get; }

    public Kopecks Fee { get; }

    public Kopecks Credited => Gross - Fee;

    /// <param name="amount">What was received.</param>
    /// <param name="rate">Roubles per USDT.</param>
    /// <param name="feeBps">The fee in basis points, 0..10000.</param>
    /// <exception cref="OverflowException">The gross amount doesn't fit into kopecks.</exception>
    public static Credit Of(Usdt amount, UsdtRate rate, int feeBps)
    {
        var gross = new Kopecks(checked((long)((Int128)amount.Micros * rate.Micros / MicroProductsPerKopeck)));
        return new(gross, gross.FeeOf(feeBps));
    }
}
