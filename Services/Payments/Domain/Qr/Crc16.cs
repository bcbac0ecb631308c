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

    public static ushort Of(ReadOnlySpan<byte> bytes)
    {
        var crc = Initial;
        foreach (var octet in bytes)
        {
            crc ^= (ushort)(octet << 8);
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (ushort)((crc & HighBit) != 0 ? (crc << 1) ^ Polynomial : crc << 1);
            }
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
}
