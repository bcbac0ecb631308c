namespace ArdorQr.Payments.Domain.Qr;

/// <summary>
/// The parameters of an SBP link before its checksum. A name that isn't known yet is passed over: the checksum
/// proves that the issuer wrote it. A name given twice is an attempt to be read in two ways, and is refused.
/// </summary>
internal sealed record SbpParameters(string Type, string Bank, string? Sum, string? Currency)
{
    private const int TypeDigits = 2;

    /// <summary>Null if the query isn't well-formed.</summary>
    public static SbpParameters? Parse(ReadOnlySpan<char> query)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var range in query.Split('&'))
        {
            var pair = query[range];
            var equals = pair.IndexOf('=');
            if (equals <= 0
                || pair.ContainsAnyExceptInRange('!', '~')
                || pair.Contains('#')
                || !values.TryAdd(pair[..equals].ToString(), pair[(equals + 1)..].ToString()))
            {
                return null;
            }
        }

        return values.TryGetValue("type", out var type)
            && AccountKey.IsAllDigits(type, TypeDigits)
            && values.TryGetValue("bank", out var bank)
            && AccountKey.IsAllDigits(bank, SbpReader.MemberIdDigits)
            && !values.ContainsKey("crc")
                ? new SbpParameters(type, bank, values.GetValueOrDefault("sum"), values.GetValueOrDefault("cur"))
                : null;
    }
}
