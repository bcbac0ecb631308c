namespace ArdorQr.Ton;

/// <summary>CRC16-XMODEM (polynomial 0x1021, start 0): the checksum of a friendly address.</summary>
internal static class Crc16Xmodem
{
    private const ushort Polynomial = 0x1021;

    public static ushort Of(ReadOnlySpan<byte> bytes)
    {
        ushort crc = 0;
        foreach (var value in bytes)
        {
            crc ^= (ushort)(value << 8);
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (ushort)((crc & 0x8000) != 0 ? (crc << 1) ^ Polynomial : crc << 1);
            }
        }

        return crc;
    }
}
