using System.Buffers;

namespace ArdorQr.Payments.Domain.Qr;

/// <summary>Small questions about a code's text that several readers ask.</summary>
internal static class QrText
{
    private const char ByteOrderMark = '\uFEFF';
    private const char ZeroWidthSpace = '\u200B';
    private const char Replacement = '\uFFFD';
    private const char FirstSurrogate = '\uD800';
    private const char LastSurrogate = '\uDFFF';

    private static readonly SearchValues<char> Controls = SearchValues.Create(
        [.. Enumerable.Range(0, 256).Select(code => (char)code)
            .Where(character => char.IsControl(character) && character is not ('\t' or '\r' or '\n'))]);

    /// <summary>The number of Unicode characters: a surrogate pair is one.</summary>
    public static int CharactersOf(ReadOnlySpan<char> text)
    {
        var count = text.Length;
        for (var i = FirstSurrogateIn(text) + 1; i > 0 && i < text.Length; i++)
        {
            if (char.IsSurrogatePair(text[i - 1], text[i]))
            {
                count--;
            }
        }

        return count;
    }

    /// <summary>Without the blanks around, including those that scanners add and nobody sees.</summary>
    public static ReadOnlySpan<char> Trim(ReadOnlySpan<char> text) => TrimEnd(TrimStart(text));

    public static ReadOnlySpan<char> TrimStart(ReadOnlySpan<char> text)
    {
        var start = 0;
        while (start < text.Length && IsBlank(text[start]))
        {
            start++;
        }

        return text[start..];
    }

    public static ReadOnlySpan<char> TrimEnd(ReadOnlySpan<char> text)
    {
        var end = text.Length;
        while (end > 0 && IsBlank(text[end - 1]))
        {
            end--;
        }

        return text[..end];
    }

    /// <summary>True if a decoder has left its mark: U+FFFD, or half of a surrogate pair.</summary>
    public static bool IsDestroyed(ReadOnlySpan<char> text) =>
        text.Contains(Replacement) || HasHalfPair(text);

    /// <summary>True if there are control characters, which no printed requisite has and no row can store.</summary>
    public static bool HasControls(ReadOnlySpan<char> text) => text.ContainsAny(Controls);

    private static bool HasHalfPair(ReadOnlySpan<char> text)
    {
        for (var i = FirstSurrogateIn(text); i >= 0 && i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]))
            {
                if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                {
                    return true;
                }

                i++;
            }
        }

        return false;
    }

    // Nearly no code has any, and this look is many times quicker than one at each character.
    private static int FirstSurrogateIn(ReadOnlySpan<char> text) =>
        text.IndexOfAnyInRange(FirstSurrogate, LastSurrogate);

    private static bool IsBlank(char character) =>
        char.IsWhiteSpace(character) || character is ByteOrderMark or ZeroWidthSpace;
}
