using System.Text.RegularExpressions;
using static ArdorQr.FuzzQr.NaiveText;

namespace ArdorQr.FuzzQr;

/// <summary>
/// A second reader of codes, written from the contract with regular expressions and without a thought of speed: what it
/// and Payments' reader disagree about is a mistake of one of them.
/// </summary>
internal static partial class NaiveReader
{
    public static string Read(byte[] bytes)
    {
        var isTransfer = bytes.Length > 6 && bytes.AsSpan(0, 6).SequenceEqual("ST0001"u8);
        var encoding = !isTransfer ? "utf-8" : (char)bytes[6] switch { '1' => "windows-1251", '3' => "koi8-r", _ => "utf-8" };
        return Strict(encoding, bytes) is { } text
            ? Read(text, mayBeMisdecoded: false)
            : Rendering.Refused("qr_encoding_invalid", "st00012");
    }

    public static string Read(string text, bool mayBeMisdecoded = true)
    {
        var trimmed = Trim(text);
        if (Characters(text) > 2048)
        {
            return Rendering.Refused("qr_too_long");
        }

        if (trimmed.Length == 0)
        {
            return Rendering.Refused("qr_empty");
        }

        return NaiveSbp.TryRead(trimmed)
            ?? (trimmed.StartsWith("ST00", StringComparison.Ordinal) ? NaiveTransfer.Read(TrimStart(text), mayBeMisdecoded) : Foreign(trimmed));
    }

    private static string Foreign(string text)
    {
        var keys = text.Split('&').Where(part => part.IndexOf('=', StringComparison.Ordinal) > 0).Select(part => part.Split('=')[0]).ToHashSet();
        if (keys.IsSupersetOf(["t", "s", "fn", "i", "fp"]))
        {
            return Rendering.Refused("qr_fiscal_receipt", "fiscal_receipt");
        }

        if (text.StartsWith("000201", StringComparison.Ordinal))
        {
            return Emv(text);
        }

        if (BankCard().IsMatch(text))
        {
            return Rendering.Refused("qr_unsupported", "epc");
        }

        var link = Link().Match(text);
        return link.Success ? OfLink(LowerAscii(link.Groups[1].Value), link.Groups[2].Value) : Rendering.Refused("qr_unrecognized");
    }

    private static string Emv(string text)
    {
        for (var rest = text; Field().Match(rest) is { Success: true } field && rest.Length >= 4 + Number(field, 2);)
        {
            var value = rest.Substring(4, Number(field, 2));
            rest = rest[(4 + value.Length)..];
            if (Number(field, 1) == 63 && rest.Length == 0 && Hexadecimal().IsMatch(value))
            {
                return Crc16(text[..^4]) == Convert.ToInt32(value, 16)
                    ? Rendering.Refused("qr_unsupported", "emv_mpm")
                    : Rendering.Refused("qr_checksum_mismatch", "emv_mpm");
            }
        }

        return Rendering.Refused("qr_malformed", "emv_mpm");
    }

    private static int Number(Match match, int group) =>
        int.Parse(match.Groups[group].Value, System.Globalization.CultureInfo.InvariantCulture);

    private static string OfLink(string scheme, string rest)
    {
        if (scheme == "sberpay")
        {
            return Rendering.Refused("qr_unsupported", "sberpay");
        }

        if (scheme == "ton" && rest.StartsWith("transfer/", StringComparison.OrdinalIgnoreCase))
        {
            return Rendering.Refused("qr_unsupported", "ton_transfer");
        }

        if (scheme is not ("http" or "https"))
        {
            return Rendering.Refused("qr_unrecognized");
        }

        var parts = Address().Match(rest);
        var host = parts.Groups["host"].Value.ToLowerInvariant();
        if (host == "invoicenpd.nalog.ru")
        {
            return Rendering.Refused("qr_unsupported", "npd_invoice");
        }

        if (host == "lknpd.nalog.ru")
        {
            return Rendering.Refused("qr_unsupported", "npd_receipt");
        }

        if (host == "platiqr.ru"
            || (host is "sberbank.ru" or "www.sberbank.ru" && parts.Groups["path"].Value.StartsWith("/qr", StringComparison.Ordinal)))
        {
            return Rendering.Refused("qr_unsupported", "sber_qr");
        }

        return ShownHost().IsMatch(host) ? Rendering.Refused("qr_unrecognized", "link") : Rendering.Refused("qr_unrecognized");
    }

    [GeneratedRegex(@"\ABCD\r?\n")]
    private static partial Regex BankCard();

    [GeneratedRegex(@"\A(.+?)://(.*)\z", RegexOptions.Singleline)]
    private static partial Regex Link();

    [GeneratedRegex(@"\A([0-9]{2})([0-9]{2})")]
    private static partial Regex Field();

    [GeneratedRegex(@"\A[0-9A-Fa-f]{4}\z")]
    private static partial Regex Hexadecimal();

    [GeneratedRegex(@"\A(?:[^/\\?#]*@)?(?<host>[^/\\?#:@]*)(?::[^/\\?#@]*)?(?<path>[/\\?#].*)?\z", RegexOptions.Singleline)]
    private static partial Regex Address();

    [GeneratedRegex(@"\A[0-9A-Za-z.-]{1,100}\z")]
    private static partial Regex ShownHost();
}
