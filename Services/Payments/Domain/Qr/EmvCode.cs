using System.Text;

namespace ArdorQr.Payments.Domain.Qr;

/// <summary>
/// A merchant's code by EMVCo, as printed in Brazil, India and elsewhere: two digits of tag, two of length, the value,
/// and so on, up to tag 63 with a CRC over all before it and over its own tag and length.
/// </summary>
internal static class EmvCode
{
    private const string Start = "000201";
    private const int HeaderLength = 4;
    private const int CurrencyTag = 53;
    private const int CurrencyDigits = 3;
    private const int ChecksumTag = 63;

    public static bool Recognizes(string text) => text.StartsWith(Start, StringComparison.Ordinal);

    /// <summary>Such a code is never paid; a broken one is told apart from a whole one.</summary>
    public static QrRefusal Read(string text)
    {
        string? currency = null;
        var position = 0;
        while (TryReadField(text, position, out var tag, out var value))
        {
            position += HeaderLength + value.Length;
            if (tag == CurrencyTag && AccountKey.IsAllDigits(value, CurrencyDigits))
            {
                currency = value.ToString();
            }

            if (tag == ChecksumTag && position == text.Length && Crc16.TryParse(value, out var checksum))
            {
                var guarded = Encoding.UTF8.GetBytes(text[..^value.Length]);
                return Crc16.Of(guarded) == checksum
                    ? QrRefusals.EmvUnsupported(currency)
                    : QrRefusals.ChecksumMismatch(QrRefusals.EmvFormat);
            }
        }

        return QrRefusals.EmvMalformed;
    }

    private static bool TryReadField(ReadOnlySpan<char> text, int position, out int tag, out ReadOnlySpan<char> value)
    {
        tag = 0;
        value = default;
        var rest = text[position..];
        if (rest.Length < HeaderLength || rest[..HeaderLength].ContainsAnyExceptInRange('0', '9'))
        {
            return false;
        }

        tag = TwoDigits(rest);
        var length = TwoDigits(rest[2..]);
        if (rest.Length < HeaderLength + length)
        {
            return false;
        }

        value = rest.Slice(HeaderLength, length);
        return true;
    }

    private static int TwoDigits(ReadOnlySpan<char> digits) => ((digits[0] - '0') * 10) + digits[1] - '0';
}
