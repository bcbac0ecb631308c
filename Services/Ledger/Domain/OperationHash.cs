using System.Buffers;
using System.Buffers.Binary;

namespace ArdorQr.Ledger.Domain;

/// <summary>A link of a wallet's chain: 32 bytes of SHA-256, compared by value.</summary>
internal readonly record struct OperationHash
{
    public const int Bytes = 32;

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    private readonly UInt128 _high;
    private readonly UInt128 _low;

    private OperationHash(UInt128 high, UInt128 low) => (_high, _low) = (high, low);

    /// <summary>What the first operation of a wallet continues: 32 zero bytes.</summary>
    public static OperationHash Zero => default;

    /// <exception cref="ArgumentException">These aren't 32 bytes.</exception>
    public static OperationHash Of(ReadOnlySpan<byte> bytes) =>
        bytes.Length == Bytes
            ? new(BinaryPrimitives.ReadUInt128BigEndian(bytes), BinaryPrimitives.ReadUInt128BigEndian(bytes[16..]))
            : throw new ArgumentException($"A hash has {Bytes} bytes, not {bytes.Length}.", nameof(bytes));

    /// <summary>Null for anything but 64 lower-case hexadecimal digits.</summary>
    public static OperationHash? TryParse(string? text) =>
        text is { Length: 2 * Bytes } && !text.AsSpan().ContainsAnyExcept(Digits)
            ? Of(Convert.FromHexString(text))
            : null;

    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt128BigEndian(destination, _high);
        BinaryPrimitives.WriteUInt128BigEndian(destination[16..], _low);
    }

    public byte[] ToArray()
    {
        var bytes = new byte[Bytes];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(ToArray());
}
