using System.Globalization;

namespace ArdorQr.Payments.Domain.Qr;

/// <summary>
/// CRC-16/CCITT-FALSE (polynomial 1021, initial FFFF, not reflected), the checksum of SBP links and of EMVCo codes.
/// </summary>
internal static class Crc16
{
    private const ushort Initial = 0xFFFF;
    private const ushort Polynomial = 0x1021;
    private const ushort HighBit = 0x8000;

    private static readonly ushort[] ByHighByte = [.. Enumerable.Range(0, 256).Select(OfHighByte)];

    public static ushort Of(ReadOnlySpan<byte> bytes)
    {
        var crc = Initial;
        foreach (var octet in bytes)
        {
            crc = Next(crc, octet);
        }

        return crc;
    }

    /// <summary>Of a text in ASCII, without a copy of it as bytes.</summary>
    public static ushort Of(ReadOnlySpan<char> ascii) => Continue(Initial, ascii);

    /// <summary>Goes on where an earlier part has ended.</summary>
    public static ushort Continue(ushort crc, ReadOnlySpan<char> ascii)
    {
        foreach (var character in ascii)
        {
            crc = Next(crc, (byte)character);
        }

        return crc;
    }

    /// <summary>Reads the four hexadecimal digits, in either case, that a code writes its checksum with.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ushort crc)
    {
        crc = 0;
        if (text.Length != 4)
        {
            return false;
        }

        foreach (var digit in text)
        {
            if (!char.IsAsciiHexDigit(digit))
            {
                return false; // Parse alone would let a NUL at the end pass.
            }
        }

        crc = ushort.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        return true;
    }

    private static ushort Next(ushort crc, byte octet) => (ushort)((crc << 8) ^ ByHighByte[(crc >> 8) ^ octet]);

    private static ushort OfHighByte(int octet)
    {
        var crc = (ushort)(octet << 8);
        for (var bit = 0; bit < 8; bit++)
        {
            crc = (ushort)((crc & HighBit) != 0 ? (crc << 1) ^ Polynomial : crc << 1);
        }

        return crc;
    }
}
