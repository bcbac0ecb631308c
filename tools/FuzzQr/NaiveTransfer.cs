using System.Text.RegularExpressions;
using static ArdorQr.FuzzQr.NaiveText;

namespace ArdorQr.FuzzQr;

/// <summary>Codes by GOST R 56042-2014, read plainly.</summary>
internal static partial class NaiveTransfer
{
    private const string Format = "st00012";

    private static readonly string[] Required = ["Name", "PersonalAcc", "BankName", "BIC", "CorrespAcc"];

    private static readonly (string Key, int Most)[] Lengths = [("Name", 160), ("BankName", 45), ("Purpose", 210)];

    private static readonly string[] Familiar =
    [
        "ООО", "АО", "ПАО", "ОАО", "ЗАО", "НАО", "ИП", "НКО", "АНО", "ТСЖ", "ТСН", "СНТ", "ГУП", "МУП", "ФГУП", "ГБОУ", "МБОУ",
        "ГБУ", "МБУ", "ФГБУ", "УФК", "ФИЛИАЛ", "РОССИИ", "ОПЛАТА", "УСЛУГИ", "УСЛУГ", "ДОГОВОР", "ДОГОВОРУ", "СЧЕТ", "СЧЕТУ", "НДС",
    ];

    public static string Read(string text, bool mayBeMisdecoded)
    {
        if (RefuseHeader(text) is { } header)
        {
            return header;
        }

        if (Fields(text) is not { } fields)
        {
            return Rendering.Refused("qr_malformed", Format);
        }

        if (Required.FirstOrDefault(key => Value(fields, key) is null) is { } missing)
        {
            return Rendering.Refused("qr_field_missing", Format, missing);
        }

        var (refusal, isProven) = Account(fields["PersonalAcc"], fields["BIC"], fields["CorrespAcc"]);
        if (mayBeMisdecoded && refusal is null && isProven && Repair(text) is { } repaired && Fields(repaired) is { } better)
        {
            (text, fields) = (repaired, better);
        }

        return refusal ?? RefuseTexts(text, fields) ?? Payable(fields, isProven);
    }

    /// <summary>The rule of the Bank of Russia; false for anything but digits.</summary>
    public static bool FitsClient(string account, string bic) =>
        IsDigits(account, 20) && IsDigits(bic, 9)
        && Fits(bic[6..] is "000" or "001" or "002" ? $"0{bic[4]}{bic[5]}{account}" : $"{bic[6..]}{account}");

    private static bool Fits(string digits) =>
        digits.Select((digit, place) => (digit - '0') * (place % 3 == 0 ? 7 : place % 3 == 1 ? 1 : 3) % 10).Sum() % 10 == 0;

    private static string? RefuseHeader(string text)
    {
        var header = Header().Match(text);
        if (!header.Success)
        {
            return Rendering.Refused("qr_malformed", Format);
        }

        var (version, encoding, separator) = (header.Groups[1].Value, header.Groups[2].Value, header.Groups[3].Value[0]);
        if (version != "0001")
        {
            return Rendering.Refused("qr_unsupported", "st" + version);
        }

        if (encoding is not ("1" or "2" or "3") || IsDestroyed(text))
        {
            return Rendering.Refused("qr_encoding_invalid", Format);
        }

        return char.IsLetterOrDigit(separator) || separator == '=' || char.IsSurrogate(separator)
            ? Rendering.Refused("qr_malformed", Format)
            : null;
    }

    private static Dictionary<string, string>? Fields(string text)
    {
        text = TrimEnd(text);
        if (text.Length <= 8)
        {
            return null;
        }

        var parts = text[8..].Split(text[7]).ToList();
        if (parts.Count > 0 && text[^1] == text[7])
        {
            parts.RemoveAt(parts.Count - 1);
        }

        var pairs = parts.Select(part => part.Split('=', 2)).ToList();
        return pairs.TrueForAll(pair => pair.Length == 2 && pair[0].Length > 0) && pairs.DistinctBy(pair => pair[0]).Count() == pairs.Count
            ? pairs.ToDictionary(pair => pair[0], pair => pair[1])
            : null;
    }

    private static string? Value(Dictionary<string, string> fields, string key) =>
        fields.TryGetValue(key, out var value) && value.Trim().Length > 0 ? value : null;

    private static (string? Refusal, bool IsProven) Account(string account, string bic, string correspondent)
    {
        if (!IsDigits(bic, 9))
        {
            return (Rendering.Refused("qr_bic_invalid", Format, "BIC"), false);
        }

        var wrongAccount = Rendering.Refused("qr_account_invalid", Format, "PersonalAcc");
        var wrongCorrespondent = Rendering.Refused("qr_corr_account_invalid", Format, "CorrespAcc");
        if (!IsDigits(account, 20))
        {
            return (wrongAccount, false);
        }

        if (!IsDigits(correspondent, 20) || correspondent.Substring(5, 3) != "810")
        {
            return (wrongCorrespondent, false);
        }

        var isTreasury = account[0] == '0' && correspondent[..5] == "40102";
        if (account.Substring(5, 3) != (isTreasury ? "643" : "810"))
        {
            return (Rendering.Refused("qr_currency_unsupported", Format), false);
        }

        if (isTreasury)
        {
            return (null, false);
        }

        return !FitsClient(account, bic) ? (wrongAccount, false)
            : !Fits($"0{bic[4]}{bic[5]}{correspondent}") ? (wrongCorrespondent, false)
            : (null, true);
    }

    private static string? Repair(string text)
    {
        if (text.All(char.IsAscii))
        {
            return null;
        }

        switch (text[6])
        {
            case '1':
                var latin = text.All(character => character <= 255) ? "latin1" : "windows-1252";
                var russian = Reread(text, latin, "windows-1251");
                return russian is not null && IsRussian(russian) ? russian : null;
            case '2':
                return Reread(text, "windows-1251", "utf-8");
            default:
                var koi = Reread(text, "windows-1251", "koi8-r");
                return koi is not null && !koi.Any(character => character is >= '\u2500' and <= '\u25FF') && IsLikelier(koi, text) ? koi : null;
        }
    }

    private static IEnumerable<string> Words(string text) => Word().Matches(text).Select(match => match.Value);

    private static bool IsCyrillic(char character) => character is >= '\u0400' and <= '\u04FF';

    private static bool IsRussian(string text) =>
        Words(text).Any(word => word.All(IsCyrillic)) && Words(text).All(word => word.All(IsCyrillic) || !word.Any(IsCyrillic));

    private static bool IsLikelier(string candidate, string other)
    {
        var (known, otherKnown) = (Known(candidate), Known(other));
        return known != otherKnown ? known > otherKnown : known == 0 && Inverted(other) > 0 && Inverted(candidate) == 0;
    }

    private static int Known(string text) => Words(text).Count(word =>
        Familiar.Contains(word, StringComparer.OrdinalIgnoreCase) || word.Contains("банк", StringComparison.OrdinalIgnoreCase));

    private static int Inverted(string text) =>
        Words(text).Count(word => word.Length > 1 && char.IsLower(word[0]) && word[1] is >= 'А' and <= 'Я');

    private static string? RefuseTexts(string text, Dictionary<string, string> fields)
    {
        if (text.Any(character => char.IsControl(character) && !"\t\r\n".Contains(character, StringComparison.Ordinal)))
        {
            return Rendering.Refused("qr_encoding_invalid", Format);
        }

        foreach (var (key, most) in Lengths)
        {
            if (fields.TryGetValue(key, out var value) && Characters(value) > most)
            {
                return Rendering.Refused("qr_field_too_long", Format, key);
            }
        }

        if (Value(fields, "Sum") is { } sum && Sum(sum) is null)
        {
            return Rendering.Refused("qr_amount_invalid", Format);
        }

        return Value(fields, "PayeeINN") is { } inn && !IsDigits(inn, 10, 12)
            ? Rendering.Refused("qr_payee_inn_invalid", Format, "PayeeINN")
            : null;
    }

    private static string Payable(Dictionary<string, string> fields, bool isProven)
    {
        var inn = Value(fields, "PayeeINN");
        List<string> warnings = [];
        if (inn is not null && !IsInnRight(inn))
        {
            warnings.Add("inn_check_failed");
        }

        if (!isProven)
        {
            warnings.Add("account_key_unchecked");
        }

        return Rendering.Transfer(fields, Sum(Value(fields, "Sum")), inn, Value(fields, "Purpose"), warnings);
    }

    private static bool IsInnRight(string inn)
    {
        int Digit(params int[] weights) => weights.Select((weight, place) => weight * (inn[place] - '0')).Sum() % 11 % 10;
        return inn.Length == 10
            ? Digit(2, 4, 10, 3, 5, 9, 4, 6, 8) == inn[9] - '0'
            : Digit(7, 2, 4, 10, 3, 5, 9, 4, 6, 8) == inn[10] - '0' && Digit(3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8) == inn[11] - '0';
    }

    [GeneratedRegex(@"\AST([0-9]{4})(.)(.)", RegexOptions.Singleline)]
    private static partial Regex Header();

    [GeneratedRegex(@"\p{L}+")]
    private static partial Regex Word();
}
