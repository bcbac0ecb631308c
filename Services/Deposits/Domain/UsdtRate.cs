using System.Globalization;

namespace ArdorQr.Deposits.Domain;

/// <summary>Roubles per USDT as an integer number of millionths of a rouble, more than zero.</summary>
internal readonly record struct UsdtRate : IComparable<UsdtRate>
{
    /// <summary>Parts of a rouble that a rate is counted in.</summary>
    public const long MicrosPerRouble = 1_000_000;

    private UsdtRate(long micros) => Micros = micros;

    public long Micros { get; }

    public static bool operator <(UsdtRate left, UsdtRate right) => left.Micros < right.Micros;

    public static bool operator >(UsdtRate left, UsdtRate right) => left.Micros > right.Micros;

    /// <exception cref="ArgumentOutOfRangeException">The rate isn't more than zero.</exception>
    public static UsdtRate FromMicros(long micros)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(micros, 1);
        return new(micros);
    }

    /// <summary>
    /// Cuts what is below a millionth of a rouble: a rounding never costs the house. False unless more than zero is left.
    /// </summary>
    public static bool TryFromDecimal(decimal roubles, out UsdtRate rate)
    {
        rate = default;
        if (roubles <= 0 || roubles > (decimal)long.MaxValue / MicrosPerRouble)
        {
            return false;
        }

        var micros = (long)decimal.Truncate(roubles * MicrosPerRouble);
        rate = new(micros);
        return micros > 0;
    }

    /// <summary>Roubles per USDT, exact, without trailing zeros.</summary>
    public decimal ToDecimal() => Micros / (decimal)MicrosPerRouble;

    public int CompareTo(UsdtRate other) => Micros.CompareTo(other.Micros);

    public override string ToString() => ToDecimal().ToString("0.######", CultureInfo.InvariantCulture);
}
