namespace ArdorQr.Ton;

/// <summary>Bits in bytes, most significant first, at any offset: what cells are made of.</summary>
internal static class BitString
{
    private const int BitsPerByte = 8;

    public static int BytesFor(int bits) => (bits + BitsPerByte - 1) / BitsPerByte;

    /// <summary>Reads up to 64 bits from <paramref name="offset"/>; the caller has checked that they exist.</summary>
    public static ulong Read(ReadOnlySpan<byte> source, int offset, int bits)
    {
        var value = 0UL;
        while (bits > 0)
        {
            var (index, inByte) = Math.DivRem(offset, BitsPerByte);
            var take = Math.Min(BitsPerByte - inByte, bits);
            var chunk = (source[index] >> (BitsPerByte - inByte - take)) & ((1 << take) - 1);
            value = (value << take) | (uint)chunk;
            offset += take;
            bits -= take;
        }

        return value;
    }

    /// <summary>Writes the low bits of a value over bits that are still zero.</summary>
    public static void Write(Span<byte> destination, int offset, ulong value, int bits)
    {
        while (bits > 0)
        {
            var (index, inByte) = Math.DivRem(offset, BitsPerByte);
            var take = Math.Min(BitsPerByte - inByte, bits);
            var chunk = (int)(value >> (bits - take)) & ((1 << take) - 1);
            destination[index] |= (byte)(chunk << (BitsPerByte - inByte - take));
            offset += take;
            bits -= take;
        }
    }

    public static void Copy(ReadOnlySpan<byte> source, int sourceOffset, Span<byte> destination, int offset, int bits)
    {
        const int chunkBits = 64;
        while (bits > 0)
        {
            var take = Math.Min(chunkBits, bits);
            Write(destination, offset, Read(source, sourceOffset, take), take);
            sourceOffset += take;
            offset += take;
            bits -= take;
        }
    }
}
