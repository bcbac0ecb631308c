using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace ArdorQr.Payments.Domain.Qr;

/// <summary>
/// Restores a GOST code whose bytes a scanner has read by a wrong encoding. The code declares the right one, so each
/// declaration has one mistake worth looking for, and a text that can't be that mistake is left as it is:
/// many scanners decode well, and then the declaration says nothing.
/// </summary>
internal static class MisdecodedText
{
    private const char LastLatin1 = '\u00FF';
    private const char FirstFrame = '\u2500';
    private const char LastFrame = '\u25FF';

    /// <summary>The text as it was printed, or null if nothing proves that it was mis-decoded.</summary>
    public static string? Repair(ReadOnlySpan<char> text, char declaredEncoding)
    {
        if (Ascii.IsValid(text))
        {
            return null;
        }

        var bytes = ArrayPool<byte>.Shared.Rent(text.Length);
        try
        {
            return Repair(text, declaredEncoding, bytes.AsSpan(0, text.Length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private static string? Repair(ReadOnlySpan<char> text, char declaredEncoding, Span<byte> bytes) =>
        declaredEncoding switch
        {
            QrEncodings.DeclaredWindows1251 => Windows1251ReadAsLatin1(text, bytes),
            QrEncodings.DeclaredUtf8 => Utf8ReadAsWindows1251(text, bytes),
            QrEncodings.DeclaredKoi8R => Koi8RReadAsWindows1251(text, bytes),
            _ => null,
        };

    // UTF-8 has so strict a form that a text which passes for it by chance is not to be expected.
    private static string? Utf8ReadAsWindows1251(ReadOnlySpan<char> text, Span<byte> bytes) =>
        CodePage.Windows1251.TryEncode(text, bytes) && Utf8.IsValid(bytes) ? QrEncodings.Utf8.GetString(bytes) : null;

    // «Ðîìàøêà»: a Cyrillic letter can't come out of Latin-1, and Russian words come out right when read again.
    // A German or French name does not: it would mix both alphabets within a word.
    private static string? Windows1251ReadAsLatin1(ReadOnlySpan<char> text, Span<byte> bytes)
    {
        var mistaken = text.ContainsAnyExceptInRange('\0', LastLatin1) ? CodePage.Windows1252 : CodePage.Latin1;
        return mistaken.TryEncode(text, bytes) && Reread(bytes, CodePage.Windows1251) is { } reread
            && RussianWords.AreWhole(reread) ? reread : null;
    }

    // KOI8-R keeps its letters where Windows-1251 has letters too, so both readings are Cyrillic: the words decide.
    // Where «, » and № are in Windows-1251, KOI8-R has frames and blocks, which nobody prints in requisites.
    private static string? Koi8RReadAsWindows1251(ReadOnlySpan<char> text, Span<byte> bytes) =>
        CodePage.Windows1251.TryEncode(text, bytes) && Reread(bytes, CodePage.Koi8R) is { } reread
            && !reread.AsSpan().ContainsAnyInRange(FirstFrame, LastFrame)
            && RussianWords.SpeakFor(reread, against: text)
                ? reread
                : null;

    private static string? Reread(ReadOnlySpan<byte> bytes, CodePage declared)
    {
        var text = ArrayPool<char>.Shared.Rent(bytes.Length);
        try
        {
            return declared.TryDecode(bytes, text) ? new string(text, 0, bytes.Length) : null;
        }
        finally
        {
            ArrayPool<char>.Shared.Return(text);
        }
    }
}
