using System.Text.RegularExpressions;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>The metrics that exporters answered, each with the labels that any of its series has.</summary>
internal sealed partial class Exposition
{
    /// <summary>What Prometheus adds to all that it fetches, and what it makes of histograms.</summary>
    private static readonly string[] OfTheScrape = ["job", "instance"];

    private readonly Dictionary<string, HashSet<string>> _labels = [];

    public IReadOnlyCollection<string> Names => _labels.Keys;

    public void Add(string text)
    {
        foreach (var line in text.Split('\n').Where(line => line.Length > 0 && line[0] != '#'))
        {
            var series = Series().Match(line);
            Assert.True(series.Success, $"this is no series: {line}");
            if (!_labels.TryGetValue(series.Groups["name"].Value, out var labels))
            {
                _labels[series.Groups["name"].Value] = labels = [.. OfTheScrape];
            }

            labels.UnionWith(Label().Matches(series.Groups["labels"].Value).Select(label => label.Groups["name"].Value));
        }
    }

    /// <summary>What an expression of PromQL uses and no exporter answers: names, and labels that none of its metrics has.</summary>
    public IReadOnlyList<string> MissingIn(string expression)
    {
        var bare = Text().Replace(expression, "\"\"");
        var withoutLabels = Selector().Replace(Grouping().Replace(bare, ""), "");
        var metrics = Metric().Matches(withoutLabels).Select(match => match.Value).Where(IsMetric).Distinct().ToList();
        Assert.NotEmpty(metrics);
        var known = metrics.Where(name => name != "up" && _labels.ContainsKey(name))
            .SelectMany(name => _labels[name]).Concat(OfTheScrape).ToHashSet();
        var selectors = Selector().Matches(bare)
            .SelectMany(match => Label().Matches(match.Value)).Select(match => match.Groups["name"].Value);
        var groupings = Grouping().Matches(bare)
            .SelectMany(match => match.Groups["labels"].Value.Split(',', StringSplitOptions.TrimEntries));
        return
        [
            .. metrics.Where(name => name != "up" && !_labels.ContainsKey(name)),
            .. selectors.Concat(groupings).Distinct().Where(label => !known.Contains(label)).Select(label => $"label {label}"),
        ];
    }

    /// <summary>Names of metrics have an underscore, and functions a bracket behind them; the rest is PromQL's own.</summary>
    private static bool IsMetric(string name) => name == "up" || name.Contains('_', StringComparison.Ordinal);

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?<labels>.*)\})? \S+( \S+)?\s*$""")]
    private static partial Regex Series();

    [GeneratedRegex("""(?<name>[a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*"(\\.|[^"\\])*""")]
    private static partial Regex Label();

    [GeneratedRegex("\"(\\\\.|[^\"\\\\])*\"")]
    private static partial Regex Text();

    [GeneratedRegex("""(?<![a-zA-Z0-9_:])[a-zA-Z_:][a-zA-Z0-9_:]*(?![a-zA-Z0-9_:]|\s*\()""")]
    private static partial Regex Metric();

    [GeneratedRegex("""\{[^}]*\}""")]
    private static partial Regex Selector();

    [GeneratedRegex("""\b(by|on|without|ignoring)\s*\((?<labels>[^)]*)\)""")]
    private static partial Regex Grouping();
}
