namespace ArdorQr.Gateway.Domain;

/// <summary>CRC-32 as IEEE 802.3 has it (reflected, polynomial 0xEDB88320); of "123456789" it is 0xCBF43926.</summary>
internal static class Crc32
{
    private const uint Polynomial = 0xEDB88320;

    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(value => OfByte((uint)value))];

    /// <param name="ascii">Text of ASCII characters only.</param>
    public static uint Of(ReadOnlySpan<char> ascii)
    {
        var crc = uint.MaxValue;
        foreach (var character in ascii)
        {
            crc = Table[(byte)crc ^ (byte)character] ^ (crc >> 8);
        }

        return ~crc;
    }

    private static uint OfByte(uint value)
    {
        for (var bit = 0; bit < 8; bit++)
        {
            value = (value & 1) == 0 ? value >> 1 : Polynomial ^ (value >> 1);
        }

        return value;
    }
}
