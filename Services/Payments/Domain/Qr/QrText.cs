namespace ArdorQr.Payments.Domain.Qr;

/// <summary>Small questions about a code's text that several readers ask.</summary>
internal static class QrText
{
    private const char ByteOrderMark = '\uFEFF';
    private const char ZeroWidthSpace = '\u200B';
    private const char Replacement = '\uFFFD';

    /// <summary>The number of Unicode characters: a surrogate pair is one.</summary>
    public static int CharactersOf(string text)
    {
        var count = text.Length;
        for (var i = 1; i < text.Length; i++)
        {
            if (char.IsSurrogatePair(text[i - 1], text[i]))
            {
                count--;
            }
        }

        return count;
    }

    /// <summary>Without the blanks around, including those that scanners add and nobody sees.</summary>
    public static string Trim(string text) => TrimEnd(TrimStart(text));

    public static string TrimStart(string text)
    {
        var start = 0;
        while (start < text.Length && IsBlank(text[start]))
        {
            start++;
        }

        return text[start..];
    }

    public static string TrimEnd(string text)
    {
        var end = text.Length;
        while (end > 0 && IsBlank(text[end - 1]))
        {
            end--;
        }

        return text[..end];
    }

    /// <summary>True if a decoder has left its mark: U+FFFD, or half of a surrogate pair.</summary>
    public static bool IsDestroyed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == Replacement)
            {
                return true;
            }

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

    /// <summary>True if there are control characters, which no printed requisite has and no row can store.</summary>
    public static bool HasControls(string text)
    {
        foreach (var character in text)
        {
            if (char.IsControl(character) && character is not ('\t' or '\r' or '\n'))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsBlank(char character) =>
        char.IsWhiteSpace(character) || character is ByteOrderMark or ZeroWidthSpace;
}
