using System.Text;

namespace ArdorQr.FuzzQr;

/// <summary>The questions about texts that the naive reader asks, answered the slow and plain way.</summary>
internal static class NaiveText
{
    private static readonly char[] Blanks =
        [.. Enumerable.Range(0, 0x10000).Select(code => (char)code).Where(char.IsWhiteSpace), '\uFEFF', '\u200B'];

    public static string TrimStart(string text) => text.TrimStart(Blanks);

    public static string TrimEnd(string text) => text.TrimEnd(Blanks);

    public static string Trim(string text) => text.Trim(Blanks);

    public static int Characters(string text) => text.Length - Enumerable.Range(0, Math.Max(0, text.Length - 1))
        .Count(i => char.IsHighSurrogate(text[i]) && char.IsLowSurrogate(text[i + 1]));

    /// <summary>A replacement mark, or half of a pair: then UTF-16 doesn't survive the way through UTF-8.</summary>
    public static bool IsDestroyed(string text) =>
        text.Contains('\uFFFD', StringComparison.Ordinal) || Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) != text;

    public static bool IsDigits(string? text, params int[] lengths) =>
        text is not null && lengths.Contains(text.Length) && text.All(character => character is >= '0' and <= '9');

    public static string LowerAscii(string text) =>
        string.Concat(text.Select(character => character is >= 'A' and <= 'Z' ? (char)(character + 32) : character));

    public static long? Sum(string? text) =>
        text is { Length: >= 1 and <= 18 } && IsDigits(text, text.Length) && long.Parse(text, System.Globalization.CultureInfo.InvariantCulture) is > 0 and var sum
            ? sum
            : null;

    /// <summary>Bit by bit, as the definition has it: x^16 + x^12 + x^5 + 1, from all ones.</summary>
    public static int Crc16(string text)
    {
        var crc = 0xFFFF;
        foreach (var octet in Encoding.UTF8.GetBytes(text))
        {
            for (var bit = 7; bit >= 0; bit--)
            {
                var carry = ((crc >> 15) ^ (octet >> bit)) & 1;
                crc = (crc << 1) & 0xFFFF;
                if (carry == 1)
                {
                    crc ^= 0x1021;
                }
            }
        }

        return crc;
    }

    /// <summary>The text as it is when its bytes by one encoding are read by another; null when they can't be.</summary>
    public static string? Reread(string text, string written, string read)
    {
        var bytes = Strict(written, text);
        return bytes is null ? null : Strict(read, bytes);
    }

    public static byte[]? Strict(string encoding, string text)
    {
        try
        {
            return Named(encoding).GetBytes(text);
        }
        catch (EncoderFallbackException)
        {
            return null;
        }
    }

    public static string? Strict(string encoding, byte[] bytes)
    {
        try
        {
            return Named(encoding).GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private static Encoding Named(string name) => name == "utf-8"
        ? new UTF8Encoding(false, throwOnInvalidBytes: true)
        : name == "latin1"
            ? Encoding.GetEncoding("latin1", EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback)
            : CodePagesEncodingProvider.Instance.GetEncoding(
                name, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback)!;
}
