using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using ArdorQr.Testing;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>
/// Dashboards and alerts against what the services really export, by the exporters' own output and by a Prometheus that
/// fetches it.
/// </summary>
[Collection(OneSystem.Name)]
public sealed partial class TelemetryTests(RunningSystem system)
{
    /// <summary>What is empty as long as all is well.</summary>
    private static readonly string[] EmptyInPeace = ["5.."];

    private static readonly string Deploy = Path.Combine(Repository(), "deploy");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_metric_and_label_of_dashboards_and_alerts_is_exported()
    {
        await LiveAsync();
        var exported = new Exposition();
        IReadOnlyList<string> missing = [];
        // Some are measured every half a minute, and a reconciliation must have ended.
        await Eventually.TrueAsync(
            async () =>
            {
                foreach (var service in RunningSystem.ServiceNames)
                {
                    exported.Add(await system.MetricsAsync(service, Token));
                }

                missing = [.. Expressions().SelectMany(used => exported.MissingIn(used.Expression).Select(name => $"{used.Where}: {name}"))];
                return missing.Count == 0;
            },
            Token, limitSeconds: 90, pause: TimeSpan.FromSeconds(1),
            otherwise: () => $"{string.Join('\n', missing)}\nof {string.Join(' ', exported.Names)}");
    }

    [Fact]
    public async Task A_prometheus_fetches_the_services_and_every_panel_and_alert_is_answered()
    {
        await LiveAsync();
        await using var prometheus = await RunningPrometheus.StartAsync(system, Deploy, Token);
        await using var merchant = await Merchant.RegisterAsync(system, Token);
        await merchant.TopUpAsync(25m, Token); // Rates need something that goes on.
        await merchant.PaymentEventAsync("payment.completed", await merchant.PayAsync("dynamic", 30_000, Token), Token);

        List<string> empty = [];
        await Eventually.TrueAsync(
            async () =>
            {
                empty = [];
                foreach (var (where, expression) in Expressions().Where(used => !used.Where.StartsWith("alert", StringComparison.Ordinal)
                    && !EmptyInPeace.Any(part => used.Expression.Contains(part, StringComparison.Ordinal))))
                {
                    if ((await prometheus.QueryAsync(expression, Token)).Count == 0)
                    {
                        empty.Add($"{where}: {expression}");
                    }
                }

                return empty.Count == 0;
            },
            Token, limitSeconds: 120, otherwise: () => $"These show nothing:\n{string.Join('\n', empty)}");
        foreach (var (where, expression) in Expressions())
        {
            Assert.NotNull(await prometheus.QueryAsync(expression, Token)); // It throws when Prometheus refuses it.
        }
    }

    [Fact]
    public void Every_alert_has_a_section_of_the_runbook_and_every_section_an_alert()
    {
        var alerts = Alerts();
        var sections = Heading().Matches(File.ReadAllText(Path.Combine(Repository(), "docs/runbook.md")))
            .Select(match => match.Groups["name"].Value).ToList();

        Assert.Equal(alerts.Select(alert => alert.Name).Order(), sections.Order());
        foreach (var (name, _) in alerts)
        {
            Assert.Contains($"runbook: docs/runbook.md#{name.ToLowerInvariant()}\n", AlertsText(), StringComparison.Ordinal);
        }

        foreach (var section in File.ReadAllText(Path.Combine(Repository(), "docs/runbook.md")).Split("\n## ").Skip(1))
        {
            Assert.All(["**Means**", "**Look at**", "**Do**"], part => Assert.Contains(part, section, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("check", "config", "prometheus.yml")]
    [InlineData("check", "rules", "alerts.yaml")]
    [InlineData("test", "rules", "alerts.test.yaml")]
    public async Task Prometheus_own_tool_finds_the_rules_right_and_that_they_fire_when_they_should(
        string what, string kind, string file)
    {
        var (code, output) = await RunAsync("promtool", what, kind, Path.Combine(Deploy, "prometheus", file));

        Assert.True(code == 0, output);
    }

    /// <summary>A journey with each outcome, so that there is something of everything.</summary>
    private async Task LiveAsync()
    {
        await using var merchant = await Merchant.RegisterAsync(system, Token);
        await merchant.TopUpAsync(25m, Token);
        await merchant.PaymentEventAsync("payment.completed", await merchant.PayAsync("dynamic", 30_000, Token), Token);
        await merchant.PaymentEventAsync("payment.failed", await merchant.PayAsync("dynamic", 20_001, Token), Token);
    }

    private static string AlertsText() => File.ReadAllText(Path.Combine(Deploy, "prometheus/alerts.yaml"));

    private static List<(string Name, string Expression)> Alerts()
    {
        List<(string, string)> alerts =
            [.. Alert().Matches(AlertsText()).Select(match => (match.Groups["name"].Value, match.Groups["expression"].Value))];
        Assert.True(alerts.Count > 20);
        return alerts;
    }

    private static IEnumerable<(string Where, string Expression)> Expressions()
    {
        foreach (var file in Directory.GetFiles(Path.Combine(Deploy, "grafana"), "*.json"))
        {
            using var board = JsonDocument.Parse(File.ReadAllText(file));
            var panels = board.RootElement.GetProperty("panels").EnumerateArray().ToList();
            Assert.Equal(panels.Count, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
            foreach (var panel in panels)
            {
                foreach (var target in panel.GetProperty("targets").EnumerateArray())
                {
                    yield return ($"{Path.GetFileName(file)} {panel.GetProperty("title")}", target.GetProperty("expr").GetString()!);
                }
            }
        }

        foreach (var (name, expression) in Alerts())
        {
            yield return ($"alert {name}", expression);
        }
    }

    internal static async Task<(int Code, string Output)> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        }) ?? throw new InvalidOperationException($"{program} did not start; ./test installs it by apt (prometheus).");
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(Token), process.StandardError.ReadToEndAsync(Token));
        await process.WaitForExitAsync(Token);
        return (process.ExitCode, await output + await errors);
    }

    private static string Repository()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "ArdorQr.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("This runs outside of the repository.");
        }

        return folder;
    }

    [GeneratedRegex("""- alert: (?<name>\w+)\n\s+expr: >-\n\s+(?<expression>.+)\n""")]
    private static partial Regex Alert();

    [GeneratedRegex("""^## (?<name>\w+)$""", RegexOptions.Multiline)]
    private static partial Regex Heading();
}
