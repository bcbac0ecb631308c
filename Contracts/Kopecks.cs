using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ArdorQr.Contracts;

/// <summary>
/// An amount of roubles in whole kopecks (1/100 RUB), signed. On the wire and in the database it is a plain integer.
/// Every operation is checked: a result outside of <see cref="long"/> throws <see cref="OverflowException"/>.
/// </summary>
[JsonConverter(typeof(KopecksJsonConverter))]
public readonly record struct Kopecks(long Value) : IComparable<Kopecks>
{
    private const int BasisPoints = 10_000;

    public static Kopecks Zero => default;

    public static Kopecks operator +(Kopecks left, Kopecks right) => new(checked(left.Value + right.Value));

    public static Kopecks operator -(Kopecks left, Kopecks right) => new(checked(left.Value - right.Value));

    public static Kopecks operator -(Kopecks amount) => new(checked(-amount.Value));

    public static bool operator <(Kopecks left, Kopecks right) => left.Value < right.Value;

    public static bool operator >(Kopecks left, Kopecks right) => left.Value > right.Value;

    public static bool operator <=(Kopecks left, Kopecks right) => left.Value <= right.Value;

    public static bool operator >=(Kopecks left, Kopecks right) => left.Value >= right.Value;

    public static Kopecks Max(Kopecks left, Kopecks right) => left >= right ? left : right;

    public static Kopecks Min(Kopecks left, Kopecks right) => left <= right ? left : right;

    /// <summary>
    /// The fee of <paramref name="feeBps"/> basis points (0..10000) of this non-negative amount, rounded up:
    /// a rounding never costs the house.
    /// </summary>
    public Kopecks FeeOf(int feeBps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(Value);
        ArgumentOutOfRangeException.ThrowIfNegative(feeBps);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(feeBps, BasisPoints);
        return new((long)((((Int128)Value * feeBps) + BasisPoints - 1) / BasisPoints));
    }

    public int CompareTo(Kopecks other) => Value.CompareTo(other.Value);

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    private sealed class KopecksJsonConverter : JsonConverter<Kopecks>
    {
        public override Kopecks Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var value)
                ? new(value)
                : throw new JsonException("An amount is an integer number of kopecks.");

        public override void Write(Utf8JsonWriter writer, Kopecks value, JsonSerializerOptions options) =>
            writer.WriteNumberValue(value.Value);
    }
}
