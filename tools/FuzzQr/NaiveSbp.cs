using System.Text.RegularExpressions;
using static ArdorQr.FuzzQr.NaiveText;

namespace ArdorQr.FuzzQr;

/// <summary>SBP links, read plainly. Host and scheme are compared in ASCII only: no other letter folds into them.</summary>
internal static partial class NaiveSbp
{
    private const int MostParameters = 16;

    /// <summary>Null if it isn't a link of NSPK.</summary>
    public static string? TryRead(string text)
    {
        var link = Link().Match(LowerAscii(text));
        if (!link.Success)
        {
            return null;
        }

        if (link.Groups["host"].Value == "sub")
        {
            return Rendering.Refused("qr_subscription_unsupported", "sbp_subscription");
        }

        var target = text[link.Length..];
        if (link.Groups["scheme"].Value == "intent")
        {
            var intent = Intent().Match(target);
            if (!intent.Success)
            {
                return Malformed;
            }

            target = intent.Groups[1].Value;
        }

        return ReadTarget(target);
    }

    private static string Malformed => Rendering.Refused("qr_malformed", "sbp");

    private static string ReadTarget(string target)
    {
        var id = target.Split('?')[0];
        if (!Id().IsMatch(id))
        {
            return Malformed;
        }

        if (id[1] == 'B')
        {
            return Rendering.Refused("qr_subscription_unsupported", "sbp_subscription");
        }

        var kind = id[1] == 'D' ? "dynamic" : "static";
        if (target == id)
        {
            return Rendering.Sbp(kind, id, null, null, $"https://qr.nspk.ru/{id}", hasChecksum: false);
        }

        var whole = Query().Match(target[(id.Length + 1)..]);
        return whole.Success ? ReadQuery(id, kind, whole.Groups[1].Value, whole.Groups[2].Value) : Malformed;
    }

    private static string ReadQuery(string id, string kind, string query, string checksum)
    {
        var pairs = query.Split('&').Select(pair => pair.Split('=', 2)).ToList();
        if (pairs.Count > MostParameters || pairs.Any(pair => pair.Length < 2 || pair[0].Length == 0 || pair[0] == "crc")
            || query.Any(character => character is < '!' or > '~' or '#')
            || pairs.DistinctBy(pair => pair[0]).Count() < pairs.Count)
        {
            return Malformed;
        }

        var values = pairs.ToDictionary(pair => pair[0], pair => pair[1]);
        if (!IsDigits(values.GetValueOrDefault("type"), 2) || !IsDigits(values.GetValueOrDefault("bank"), 12))
        {
            return Malformed;
        }

        var guarded = $"https://qr.nspk.ru/{id}?{query}";
        if (Crc16(guarded) != Convert.ToInt32(checksum, 16))
        {
            return Rendering.Refused("qr_checksum_mismatch", "sbp");
        }

        return ReadValues(id, kind, values) ?? Rendering.Sbp(
            kind, id, values["bank"], Sum(values.GetValueOrDefault("sum")), $"{guarded}&crc={checksum.ToUpperInvariant()}", hasChecksum: true);
    }

    /// <summary>Null when there is nothing to refuse.</summary>
    private static string? ReadValues(string id, string kind, Dictionary<string, string> values)
    {
        var (type, sum, currency) = (values["type"], values.GetValueOrDefault("sum"), values.GetValueOrDefault("cur"));
        if (type == "03")
        {
            return Rendering.Refused("qr_subscription_unsupported", "sbp_subscription");
        }

        if (type is not ("01" or "02"))
        {
            return Rendering.Refused("qr_unsupported", $"sbp_type_{type}");
        }

        if (type != (kind == "dynamic" ? "02" : "01") || (sum is null) != (currency is null))
        {
            return Malformed;
        }

        if (sum is null)
        {
            return id[1] == 'D' ? Rendering.Refused("qr_amount_missing", "sbp") : null;
        }

        return currency != "RUB" ? Rendering.Refused("qr_currency_unsupported", "sbp")
            : Sum(sum) is null ? Rendering.Refused("qr_amount_invalid", "sbp")
            : null;
    }

    [GeneratedRegex(@"\A(?<scheme>https|intent|bank[0-9]{1,12})://(?<host>qr|sub)\.nspk\.ru/")]
    private static partial Regex Link();

    [GeneratedRegex(@"\A(.*?)#Intent(?=;.*;end\z|;end\z)", RegexOptions.Singleline)]
    private static partial Regex Intent();

    [GeneratedRegex(@"\A[AB][SDB][0-9A-Z]{30}\z")]
    private static partial Regex Id();

    [GeneratedRegex(@"\A(.*?)&crc=([0-9A-Fa-f]{4})\z", RegexOptions.Singleline)]
    private static partial Regex Query();
}
