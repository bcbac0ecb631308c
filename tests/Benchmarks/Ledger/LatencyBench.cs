using System.Globalization;
using ArdorQr.Benchmarks.Hosting;
using ArdorQr.Benchmarks.Load;

namespace ArdorQr.Benchmarks.Ledger;

/// <summary>How long a debit takes at half of what Ledger can do, against a bare endpoint at the same rate.</summary>
internal static class LatencyBench
{
    private const int Connections = 64;
    private const int WarmUpSeconds = 2;
    private const string Database = "bare";
    private const string Debit = "Ledger, HTTP debit, p99";
    private const string Bare = "bare endpoint, p99";

    public static async Task RunAsync(
        BenchOptions options, DurablePostgres postgres, LedgerUnderTest ledger, double perSecond, int seconds,
        CancellationToken cancellationToken)
    {
        await postgres.ExecuteAsync(null, $"CREATE DATABASE {Database}", cancellationToken);
        var port = ChildProcess.FreePort();
        var connectionString = new Npgsql.NpgsqlConnectionStringBuilder(postgres.ConnectionString(Database)) { Pooling = true };
        await using var bare = new ChildProcess("bare-endpoint",
            ["dotnet", typeof(LatencyBench).Assembly.Location, BareEndpoint.Command, connectionString.ConnectionString, $"{port}"],
            new Dictionary<string, string?> { ["DOTNET_gcServer"] = "1" });
        using var http = new HttpClient();
        await bare.WaitUntilAsync(() => AnswersAsync(http, port, cancellationToken), cancellationToken);
        await HttpLoad.ClosedAsync(port, Connections, new BareRequests(), WarmUpSeconds, cancellationToken);

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"\nAt half of Ledger's rate: {perSecond:0} requests due per second over {Connections} connections, {seconds} s each, spread; latency counts from when a request was due"));
        var latencies = new Figures("milliseconds");
        for (var round = 0; round < options.Rounds; round++)
        {
            foreach (var (name, target, requests) in ((string, int, IRequests)[])
                [(Bare, port, new BareRequests()), (Debit, ledger.Port, new DebitRequests(BenchWallets.Count))])
            {
                var result = await HttpLoad.OpenAsync(target, Connections, requests, perSecond, seconds, cancellationToken);
                latencies.Add(name, result.Percentile(99));
                latencies.Add(name.Replace("p99", "p50", StringComparison.Ordinal), result.Percentile(50));
            }
        }

        latencies.Print();
        Figures.PrintAtMost("ledger-http-p99/bare-p99", latencies.MedianRatio(Debit, Bare), 2);
    }

    private static async Task<bool> AnswersAsync(HttpClient http, int port, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{port}/"), cancellationToken);
            return true; // Even a 404 is an answer.
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
