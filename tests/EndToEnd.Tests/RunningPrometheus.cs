using System.Diagnostics;
using System.Text.Json;
using ArdorQr.Testing;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>A Prometheus of its own that fetches the running services once a second, with the alerts of deploy.</summary>
internal sealed class RunningPrometheus : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ardorqr-prometheus-").FullName;
    private readonly HttpClient _client = new();
    private Process? _process;

    private RunningPrometheus()
    {
    }

    public static async Task<RunningPrometheus> StartAsync(
        RunningSystem system, string deploy, CancellationToken cancellationToken)
    {
        var prometheus = new RunningPrometheus();
        try
        {
            await prometheus.RunAsync(system, deploy, cancellationToken);
            return prometheus;
        }
        catch
        {
            await prometheus.DisposeAsync();
            throw;
        }
    }

    /// <summary>The series that the expression gives now.</summary>
    /// <exception cref="HttpRequestException">Prometheus doesn't take the expression.</exception>
    public async Task<IReadOnlyList<JsonElement>> QueryAsync(string expression, CancellationToken cancellationToken)
    {
        using var form = new FormUrlEncodedContent([new("query", expression)]);
        using var response = await _client.PostAsync(new Uri("/api/v1/query", UriKind.Relative), form, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken); // No JSON until it is ready.
        return response.IsSuccessStatusCode
            ? [.. JsonSerializer.Deserialize<JsonElement>(text).GetProperty("data").GetProperty("result").EnumerateArray()]
            : throw new HttpRequestException($"{expression}: {text}");
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        _client.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task RunAsync(RunningSystem system, string deploy, CancellationToken cancellationToken)
    {
        var port = TelemetryCollector.FreePort();
        var configuration = new List<string>
        {
            "global: { scrape_interval: 1s, evaluation_interval: 1s }",
            $"rule_files: ['{Path.Combine(deploy, "prometheus/alerts.yaml")}']", "scrape_configs:",
        };
        foreach (var service in RunningSystem.ServiceNames)
        {
            configuration.Add($"  - job_name: {service}");
            configuration.Add($"    static_configs: [{{ targets: ['127.0.0.1:{await system.MetricsPortAsync(service, cancellationToken)}'] }}]");
        }

        var file = Path.Combine(_folder, "prometheus.yml");
        await File.WriteAllLinesAsync(file, configuration, cancellationToken);
        _process = Process.Start(new ProcessStartInfo("prometheus",
        [
            $"--config.file={file}", $"--storage.tsdb.path={_folder}/data", $"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
        ])) ?? throw new InvalidOperationException("prometheus did not start; ./test installs it by apt.");
        _client.BaseAddress = new Uri($"http://127.0.0.1:{port}");
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    return (await QueryAsync("up == 1", cancellationToken)).Count == RunningSystem.ServiceNames.Count;
                }
                catch (HttpRequestException)
                {
                    return false; // It doesn't listen yet, or reads its storage.
                }
            },
            cancellationToken, limitSeconds: 60);
    }
}
