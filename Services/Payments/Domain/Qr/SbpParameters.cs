namespace ArdorQr.Payments.Domain.Qr;

/// <summary>
/// The parameters of an SBP link before its checksum. A name that isn't known yet is passed over: the checksum
/// proves that the issuer wrote it. A name given twice is an attempt to be read in two ways, and is refused.
/// </summary>
internal ref struct SbpParameters
{
    private const int TypeDigits = 2;

    /// <summary>Links have four parameters; a few more may come with the years.</summary>
    private const int MaxParameters = 16;

    public ReadOnlySpan<char> Type { get; private set; }

    public ReadOnlySpan<char> Bank { get; private set; }

    public bool HasSum { get; private set; }

    public ReadOnlySpan<char> Sum { get; private set; }

    public bool HasCurrency { get; private set; }

    public ReadOnlySpan<char> Currency { get; private set; }

    /// <summary>False if the query isn't well-formed.</summary>
    public static bool TryParse(ReadOnlySpan<char> query, out SbpParameters parameters)
    {
        parameters = default;
        if (query.ContainsAnyExceptInRange('!', '~') || query.Contains('#'))
        {
            return false;
        }

        Span<Range> names = stackalloc Range[MaxParameters];
        var count = 0;
        foreach (var range in query.Split('&'))
        {
            var pair = query[range];
            var equals = pair.IndexOf('=');
            if (equals <= 0 || count == MaxParameters)
            {
                return false;
            }

            var name = pair[..equals];
            if (name is "crc" || Contains(query, names[..count], name))
            {
                return false;
            }

            var (start, _) = range.GetOffsetAndLength(query.Length);
            names[count++] = start..(start + equals);
            parameters.Take(name, pair[(equals + 1)..]);
        }

        return AccountKey.IsAllDigits(parameters.Type, TypeDigits)
            && AccountKey.IsAllDigits(parameters.Bank, SbpReader.MemberIdDigits);
    }

    private static bool Contains(ReadOnlySpan<char> query, ReadOnlySpan<Range> names, ReadOnlySpan<char> name)
    {
        foreach (var known in names)
        {
            if (query[known].SequenceEqual(name))
            {
                return true;
            }
        }

        return false;
    }

    private void Take(ReadOnlySpan<char> name, ReadOnlySpan<char> value)
    {
        switch (name)
        {
            case "type":
                Type = value;
                break;
            case "bank":
                Bank = value;
                break;
            case "sum":
                HasSum = true;
                Sum = value;
                break;
            case "cur":
                HasCurrency = true;
                Currency = value;
                break;
        }
    }
}
