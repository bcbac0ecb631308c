using ArdorQr.Contracts;

namespace ArdorQr.Deposits.Domain;

/// <summary>How many USDT a sum of kopecks takes: the exact inverse of <see cref="Credit"/>.</summary>
internal static class CreditInverse
{
    private const int BasisPoints = 10_000;

    // As in Credit: millionths of USDT times millionths of a rouble, in one kopeck.
    private const long MicroProductsPerKopeck = Usdt.MicrosPerUnit * UsdtRate.MicrosPerRouble / 100;

    /// <summary>The smallest amount whose credit is <paramref name="credited"/> or more.</summary>
    /// <param name="credited">More than zero.</param>
    /// <param name="rate">Roubles per USDT.</param>
    /// <param name="feeBps">The fee in basis points, 0..9999.</param>
    /// <returns>Null when no amount of micro-units is enough.</returns>
    public static Usdt? SmallestFor(Kopecks credited, UsdtRate rate, int feeBps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(credited.Value, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(feeBps);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(feeBps, BasisPoints);

        // credited = gross − ⌈gross × bps / 10⁴⌉ = ⌊gross × (10⁴ − bps) / 10⁴⌋, which is n or more exactly when
        // gross × (10⁴ − bps) is n × 10⁴ or more; and gross = ⌊micros × rate / 10¹⁰⌋ likewise.
        var gross = DivideUp((Int128)credited.Value * BasisPoints, BasisPoints - feeBps);
        if (gross > long.MaxValue)
        {
            return null;
        }

        var micros = DivideUp(gross * MicroProductsPerKopeck, rate.Micros);
        return micros > long.MaxValue ? null : Usdt.FromMicros((long)micros);
    }

    private static Int128 DivideUp(Int128 dividend, long divisor) => (dividend + divisor - 1) / divisor;
}
