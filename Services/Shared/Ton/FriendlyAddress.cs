using System.Buffers.Binary;
using System.Buffers.Text;

namespace ArdorQr.Ton;

/// <summary>
/// The 48-character form of an address: tag, workchain, hash and checksum in base64 or base64url (TEP-2).
/// </summary>
internal static class FriendlyAddress
{
    public const int LengthChars = 48;

    private const int LengthBytes = 36;
    private const int ChecksumOffset = 34;
    private const byte BounceableTag = 0x11;
    private const byte NonBounceableTag = 0x51;
    private const byte TestOnlyBit = 0x80;

    public static string Format(TonAddress address, TonAddressFlags flags)
    {
        Span<byte> bytes = stackalloc byte[LengthBytes];
        bytes[0] = (byte)((flags.Bounceable ? BounceableTag : NonBounceableTag) | (flags.TestOnly ? TestOnlyBit : 0));
        bytes[1] = (byte)address.Workchain;
        address.CopyHashTo(bytes[2..ChecksumOffset]);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[ChecksumOffset..], Crc16Xmodem.Of(bytes[..ChecksumOffset]));
        return Base64Url.EncodeToString(bytes);
    }

    public static bool TryParse(string text, out TonAddress address, out TonAddressFlags flags)
    {
        (address, flags) = (default, default);
        Span<byte> bytes = stackalloc byte[LengthBytes];
        if (!TryDecode(text, bytes))
        {
            return false;
        }

        var tag = (byte)(bytes[0] & ~TestOnlyBit);
        if (tag is not (BounceableTag or NonBounceableTag)
            || BinaryPrimitives.ReadUInt16BigEndian(bytes[ChecksumOffset..]) != Crc16Xmodem.Of(bytes[..ChecksumOffset]))
        {
            return false;
        }

        address = new TonAddress((sbyte)bytes[1], bytes[2..ChecksumOffset]);
        flags = new TonAddressFlags(tag == BounceableTag, (bytes[0] & TestOnlyBit) != 0);
        return true;
    }

    private static bool TryDecode(string text, Span<byte> bytes)
    {
        if (text.Length != LengthChars)
        {
            return false;
        }

        var (standard, urlSafe) = (false, false);
        foreach (var character in text) // The decoders below skip white space: every character is judged here.
        {
            standard |= character is '+' or '/';
            urlSafe |= character is '-' or '_';
            if (!char.IsAsciiLetterOrDigit(character) && character is not ('+' or '/' or '-' or '_'))
            {
                return false;
            }
        }

        return (standard, urlSafe) switch
        {
            (true, true) => false, // No encoder mixes the two alphabets: such a text was damaged or glued together.
            (true, false) => Convert.TryFromBase64String(text, bytes, out var count) && count == LengthBytes,
            _ => Base64Url.TryDecodeFromChars(text, bytes, out var count) && count == LengthBytes,
        };
    }
}
