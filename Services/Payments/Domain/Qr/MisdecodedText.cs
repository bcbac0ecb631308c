using System.Text;

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
    public static string? Repair(string text, char declaredEncoding)
    {
        if (Ascii.IsValid(text))
        {
            return null;
        }

        return declaredEncoding switch
        {
            QrEncodings.DeclaredWindows1251 => Windows1251ReadAsLatin1(text),
            QrEncodings.DeclaredUtf8 => Reread(text, QrEncodings.Windows1251, QrEncodings.Utf8),
            QrEncodings.DeclaredKoi8R => Koi8RReadAsWindows1251(text),
            _ => null,
        };
    }

    // «Ðîìàøêà»: a Cyrillic letter can't come out of Latin-1, and Russian words come out right when read again.
    // A German or French name does not: it would mix both alphabets within a word.
    private static string? Windows1251ReadAsLatin1(string text)
    {
        var isLatin1 = !text.AsSpan().ContainsAnyExceptInRange('\0', LastLatin1);
        var reread = Reread(text, isLatin1 ? Encoding.Latin1 : QrEncodings.Windows1252, QrEncodings.Windows1251);
        return reread is not null && RussianWords.AreWhole(reread) ? reread : null;
    }

    // KOI8-R keeps its letters where Windows-1251 has letters too, so both readings are Cyrillic: the words decide.
    // Where «, » and № are in Windows-1251, KOI8-R has frames and blocks, which nobody prints in requisites.
    private static string? Koi8RReadAsWindows1251(string text)
    {
        var reread = Reread(text, QrEncodings.Windows1251, QrEncodings.Koi8R);
        return reread is not null
            && !reread.AsSpan().ContainsAnyInRange(FirstFrame, LastFrame)
            && RussianWords.SpeakFor(reread, against: text)
                ? reread
                : null;
    }

    // UTF-8 has so strict a form that a text which passes for it by chance is not to be expected.
    private static string? Reread(string text, Encoding mistaken, Encoding declared)
    {
        try
        {
            return declared.GetString(mistaken.GetBytes(text));
        }
        catch (Exception exception) when (exception is EncoderFallbackException or DecoderFallbackException)
        {
            return null;
        }
    }
}
