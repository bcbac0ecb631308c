using System.Text;

namespace ArdorQr.Payments.Domain.Qr;

/// <summary>Names codes that belong to somebody else's system, so that a refusal can say what was scanned.</summary>
internal static class ForeignCodes
{
    private const string SchemeEnd = "://";
    private const int MaxHostCharactersShown = 100;

    // A fiscal receipt is named by its drive, document and fiscal sign; the time and the sum stand beside them.
    private static readonly string[] ReceiptKeys = ["t", "s", "fn", "i", "fp"];

    public static QrRefusal Recognize(string text)
    {
        if (IsFiscalReceipt(text))
        {
            return QrRefusals.FiscalReceipt;
        }

        if (EmvCode.Recognizes(text))
        {
            return EmvCode.Read(text);
        }

        if (IsEpc(text))
        {
            return QrRefusals.Epc;
        }

        var schemeLength = text.IndexOf(SchemeEnd, StringComparison.Ordinal);
        return schemeLength > 0
            ? OfLink(text.AsSpan(0, schemeLength), text.AsSpan(schemeLength + SchemeEnd.Length))
            : QrRefusals.Unrecognized;
    }

    private static QrRefusal OfLink(ReadOnlySpan<char> scheme, ReadOnlySpan<char> rest)
    {
        if (Ascii.EqualsIgnoreCase(scheme, "sberpay"))
        {
            return QrRefusals.SberPay;
        }

        if (Ascii.EqualsIgnoreCase(scheme, "ton"))
        {
            return rest.StartsWith("transfer/", StringComparison.OrdinalIgnoreCase)
                ? QrRefusals.TonTransfer
                : QrRefusals.Unrecognized;
        }

        return Ascii.EqualsIgnoreCase(scheme, "https") || Ascii.EqualsIgnoreCase(scheme, "http")
            ? OfWebLink(rest)
            : QrRefusals.Unrecognized;
    }

    private static QrRefusal OfWebLink(ReadOnlySpan<char> rest)
    {
        var authorityLength = rest.IndexOfAny("/\\?#");
        var authority = authorityLength < 0 ? rest : rest[..authorityLength];
        var path = authorityLength < 0 ? [] : rest[authorityLength..];
        var host = HostOf(authority).ToString().ToLowerInvariant();
        return host switch
        {
            "invoicenpd.nalog.ru" => QrRefusals.NpdInvoice,
            "lknpd.nalog.ru" => QrRefusals.NpdReceipt,
            "platiqr.ru" => QrRefusals.SberQr,
            "sberbank.ru" or "www.sberbank.ru" when path.StartsWith("/qr") => QrRefusals.SberQr,
            _ when IsShowable(host) => QrRefusals.LinkTo(host),
            _ => QrRefusals.Unrecognized,
        };
    }

    // What stands before the last "@" is a user name, however much it looks like a host.
    private static ReadOnlySpan<char> HostOf(ReadOnlySpan<char> authority)
    {
        var host = authority[(authority.LastIndexOf('@') + 1)..];
        var port = host.IndexOf(':');
        return port < 0 ? host : host[..port];
    }

    private static bool IsShowable(string host) =>
        host.Length is > 0 and <= MaxHostCharactersShown
        && host.All(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '-');

    private static bool IsFiscalReceipt(string text)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (var range in text.AsSpan().Split('&'))
        {
            var pair = text.AsSpan()[range];
            var equals = pair.IndexOf('=');
            if (equals > 0)
            {
                keys.Add(pair[..equals].ToString());
            }
        }

        return Array.TrueForAll(ReceiptKeys, keys.Contains);
    }

    // The European credit transfer ("GiroCode"): a service tag, a version, an encoding and so on, line by line.
    private static bool IsEpc(string text) =>
        text.StartsWith("BCD\n", StringComparison.Ordinal) || text.StartsWith("BCD\r\n", StringComparison.Ordinal);
}
