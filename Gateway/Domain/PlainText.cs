namespace ArdorQr.Gateway.Domain;

/// <summary>Text that people give to name things.</summary>
internal static class PlainText
{
    /// <summary>At most this many characters (code points), none of them a control character.</summary>
    public static bool Fits(string text, int maxLength)
    {
        var length = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (System.Text.Rune.IsControl(rune) || ++length > maxLength)
            {
                return false;
            }
        }

        return true;
    }
}
