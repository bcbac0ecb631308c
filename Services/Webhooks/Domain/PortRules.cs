using System.Globalization;

namespace ArdorQr.Webhooks.Domain;

/// <summary>The ports that a receiver may listen on: <c>80,443,1024-65535</c>.</summary>
internal sealed class PortRules
{
    /// <summary>HTTP's own and what needs no privilege; not mail, remote shells or name services of others.</summary>
    public const string DefaultText = "80,443,1024-65535";

    private readonly IReadOnlyList<(int First, int Last)> _ranges;

    private PortRules(IReadOnlyList<(int First, int Last)> ranges) => _ranges = ranges;

    public static PortRules Default { get; } = TryParse(DefaultText)!;

    /// <summary>Null when the text isn't a list of ports and ranges.</summary>
    public static PortRules? TryParse(string text)
    {
        var ranges = text.Split(',', StringSplitOptions.TrimEntries).Select(RangeOf).ToList();
        return ranges.TrueForAll(range => range is not null)
            ? new PortRules([.. ranges.Select(range => range!.Value)])
            : null;
    }

    public bool Allow(int port) => _ranges.Any(range => port >= range.First && port <= range.Last);

    private static (int First, int Last)? RangeOf(string text)
    {
        var parts = text.Split('-', 2);
        return PortOf(parts[0]) is { } first && PortOf(parts[^1]) is { } last && first <= last ? (first, last) : null;
    }

    private static int? PortOf(string text) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0 ? port : null;
}
