using System.Globalization;
using System.Net.Http.Headers;
using ArdorQr.Benchmarks.Hosting;

namespace ArdorQr.Benchmarks.Gateway;

/// <summary>
/// The same GET through a service alone, through a bare YARP before it, and through the Gateway before it: with one key
/// and with ten thousand.
/// </summary>
internal static class GatewayBench
{
    private const int ManyKeys = 10_000;
    private const int WarmUpSeconds = 12;
    private const int Introductions = 16;
    private const double LeastThroughput = 0.85;
    private const double MostLatency = 1.3;
    private const double MostGrowth = 1.2;
    private const string Service = "the service alone";
    private const string Proxy = "bare YARP";
    private const string Ours = "Gateway";

    public static async Task RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        await using var postgres = await DurablePostgres.StartAsync(cancellationToken);
        await postgres.PrintSettingsAsync(cancellationToken);
        var (servicePort, proxyPort) = (ChildProcess.FreePort(), ChildProcess.FreePort());
        var serviceUrl = $"http://127.0.0.1:{servicePort}";
        await using var service = Start("service", BareProxy.ServiceCommand, $"{servicePort}");
        await using var proxy = Start("proxy", BareProxy.ProxyCommand, $"{proxyPort}", serviceUrl);
        var (many, one) = (Path.Combine(BenchFolder.Path, "keys"), Path.Combine(BenchFolder.Path, "key"));
        await using var gateway = await GatewayUnderTest.StartAsync(serviceUrl, many, ManyKeys, cancellationToken);
        await File.WriteAllLinesAsync(one, (await File.ReadAllLinesAsync(many, cancellationToken)).Take(1), cancellationToken);
        (string Name, int Port)[] targets = [(Service, servicePort), (Proxy, proxyPort), (Ours, gateway.Port)];
        foreach (var (_, port) in targets)
        {
            await WarmUpAsync(port, many, cancellationToken);
        }

        await IntroduceAsync(gateway.Port, many, cancellationToken);
        var first = gateway.Process.ResidentMebibytes;
        await CompareAsync(options, "one key", one, targets, cancellationToken);
        await CompareAsync(options, "10000 keys", many, targets, cancellationToken);
        var last = gateway.Process.ResidentMebibytes;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nGateway's memory: {first} MiB after the warm-up, {last} MiB at the end"));
        Figures.PrintAtMost("gateway-memory-last/first", (double)last / first, MostGrowth);
    }

    private static async Task CompareAsync(
        BenchOptions options, string keys, string keysFile, (string Name, int Port)[] targets, CancellationToken cancellationToken)
    {
        var (rates, latencies) = (new Figures($"GET /v1/balance per second, {keys}"), new Figures($"p99, milliseconds, {keys}"));
        for (var round = 0; round < options.Rounds; round++)
        {
            foreach (var (name, port) in targets)
            {
                var result = await Wrk.RunAsync(port, BareProxy.Path, keysFile, options.Seconds, cancellationToken);
                if (result.Failed > 0)
                {
                    throw new InvalidOperationException($"{name} refused {result.Failed} requests.");
                }

                rates.Add(name, result.PerSecond);
                latencies.Add(name, result.P99Milliseconds);
            }
        }

        rates.Print();
        latencies.Print();
        var suffix = keys.Replace(' ', '-');
        Figures.PrintAtLeast($"gateway/yarp-throughput-{suffix}", rates.MedianRatio(Ours, Proxy), LeastThroughput);
        Figures.PrintAtMost($"gateway/yarp-p99-{suffix}", latencies.MedianRatio(Ours, Proxy), MostLatency);
    }

    private static async Task WarmUpAsync(int port, string keysFile, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        for (var answered = false; !answered;)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri("/", UriKind.Relative), cancellationToken);
                answered = true; // Even a 404 is an answer.
            }
            catch (HttpRequestException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
            }
        }

        await Wrk.RunAsync(port, BareProxy.Path, keysFile, WarmUpSeconds, cancellationToken);
    }

    /// <summary>Each key once: a key is active when the Gateway knows it, and learning it takes a statement.</summary>
    private static async Task IntroduceAsync(int port, string keysFile, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        var keys = await File.ReadAllLinesAsync(keysFile, cancellationToken);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Introductions, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(keys, parallel, async (key, token) =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, BareProxy.Path);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
            using var answer = await http.SendAsync(request, token);
            answer.EnsureSuccessStatusCode();
        });
    }

    private static ChildProcess Start(string name, params string[] arguments) => new(
        name, ["dotnet", typeof(GatewayBench).Assembly.Location, .. arguments], new Dictionary<string, string?>());
}
