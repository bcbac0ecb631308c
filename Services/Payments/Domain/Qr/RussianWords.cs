namespace ArdorQr.Payments.Domain.Qr;

/// <summary>Tells text in Russian from what a wrong encoding makes of it.</summary>
internal static class RussianWords
{
    private const string Bank = "банк";

    // What all but every payee's or bank's name has in it; none of them turns into another one by KOI8-R.
    private static readonly HashSet<string> LegalForms = new(StringComparer.OrdinalIgnoreCase)
    {
        "ООО", "АО", "ПАО", "ОАО", "ЗАО", "НАО", "ИП", "НКО", "АНО", "ТСЖ", "ТСН", "СНТ", "ГУП", "МУП", "ФГУП",
        "ГБОУ", "МБОУ", "ГБУ", "МБУ", "ФГБУ", "УФК", "ФИЛИАЛ", "РОССИИ", "ОПЛАТА", "УСЛУГИ", "УСЛУГ", "ДОГОВОР",
        "ДОГОВОРУ", "СЧЕТ", "СЧЕТУ", "НДС",
    };

    /// <summary>True if there is a word in Cyrillic and none that mixes Cyrillic with Latin.</summary>
    public static bool AreWhole(ReadOnlySpan<char> text)
    {
        var hasCyrillic = false;
        foreach (var word in Words(text))
        {
            if (!word.ContainsAnyExceptInRange('\u0400', '\u04FF'))
            {
                hasCyrillic = true;
            }
            else if (word.ContainsAnyInRange('\u0400', '\u04FF'))
            {
                return false;
            }
        }

        return hasCyrillic;
    }

    /// <summary>
    /// True if the candidate has more familiar words; where neither has any, if only the other text is written
    /// lIKE tHIS, for KOI8-R and Windows-1251 keep capitals and small letters in each other's place.
    /// </summary>
    public static bool SpeakFor(ReadOnlySpan<char> candidate, ReadOnlySpan<char> against)
    {
        var (familiar, otherFamiliar) = (FamiliarIn(candidate), FamiliarIn(against));
        return familiar != otherFamiliar
            ? familiar > otherFamiliar
            : familiar == 0 && InvertedIn(against) > 0 && InvertedIn(candidate) == 0;
    }

    private static int FamiliarIn(ReadOnlySpan<char> text)
    {
        var count = 0;
        var forms = LegalForms.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var word in Words(text))
        {
            if (forms.Contains(word) || word.Contains(Bank, StringComparison.OrdinalIgnoreCase))
            {
                count++;
            }
        }

        return count;
    }

    private static int InvertedIn(ReadOnlySpan<char> text)
    {
        var count = 0;
        foreach (var word in Words(text))
        {
            if (word.Length > 1 && char.IsLower(word[0]) && word[1] is >= 'А' and <= 'Я')
            {
                count++;
            }
        }

        return count;
    }

    private static WordEnumerator Words(ReadOnlySpan<char> text) => new(text);

    /// <summary>Runs of letters, without an allocation for any of them.</summary>
    private ref struct WordEnumerator(ReadOnlySpan<char> text)
    {
        private ReadOnlySpan<char> _rest = text;

        public ReadOnlySpan<char> Current { get; private set; }

        public readonly WordEnumerator GetEnumerator() => this;

        public bool MoveNext()
        {
            var start = 0;
            while (start < _rest.Length && !char.IsLetter(_rest[start]))
            {
                start++;
            }

            var end = start;
            while (end < _rest.Length && char.IsLetter(_rest[end]))
            {
                end++;
            }

            Current = _rest[start..end];
            _rest = _rest[end..];
            return !Current.IsEmpty;
        }
    }
}
