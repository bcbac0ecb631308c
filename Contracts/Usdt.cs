using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ArdorQr.Contracts;

/// <summary>
/// An amount of USDT in whole micro-units (10⁻⁶ USDT), never negative. On the wire it is a decimal number with at most
/// six places, exact; it never passes through binary floating point.
/// </summary>
[JsonConverter(typeof(UsdtJsonConverter))]
public readonly record struct Usdt : IComparable<Usdt>
{
    /// <summary>Micro-units in one USDT: the jetton has six decimals.</summary>
    public const long MicrosPerUnit = 1_000_000;

    private const int Decimals = 6;

    private Usdt(long micros) => Micros = micros;

    public static Usdt Zero => default;

    public long Micros { get; }

    /// <exception cref="ArgumentOutOfRangeException">The amount is negative.</exception>
    public static Usdt FromMicros(long micros)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(micros);
        return new(micros);
    }

    /// <summary>False for a negative amount, more than six places, or more than <see cref="long"/> micro-units.</summary>
    public static bool TryFromDecimal(decimal amount, out Usdt usdt)
    {
        usdt = default;
        if (amount < 0 || amount > (decimal)long.MaxValue / MicrosPerUnit || decimal.Round(amount, Decimals) != amount)
        {
            return false;
        }

        usdt = new((long)(amount * MicrosPerUnit));
        return true;
    }

    public static Usdt operator +(Usdt left, Usdt right) => new(checked(left.Micros + right.Micros));

    public static bool operator <(Usdt left, Usdt right) => left.Micros < right.Micros;

    public static bool operator >(Usdt left, Usdt right) => left.Micros > right.Micros;

    public static bool operator <=(Usdt left, Usdt right) => left.Micros <= right.Micros;

    public static bool operator >=(Usdt left, Usdt right) => left.Micros >= right.Micros;

    /// <summary>The exact amount in USDT, without trailing zeros.</summary>
    public decimal ToDecimal() => Micros / (decimal)MicrosPerUnit;

    public int CompareTo(Usdt other) => Micros.CompareTo(other.Micros);

    public override string ToString() => ToDecimal().ToString("0.######", CultureInfo.InvariantCulture);

    private sealed class UsdtJsonConverter : JsonConverter<Usdt>
    {
        public override Usdt Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Number && reader.TryGetDecimal(out var amount) && TryFromDecimal(amount, out var usdt)
                ? usdt
                : throw new JsonException("A USDT amount is a non-negative number with at most six places.");

        public override void Write(Utf8JsonWriter writer, Usdt value, JsonSerializerOptions options) =>
            writer.WriteRawValue(value.ToString());
    }
}
