using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Reflection;
using System.Security.Cryptography;
using ArdorQr.Benchmarks.Hosting;
using ArdorQr.Contracts;
using ArdorQr.Testing;

namespace ArdorQr.Benchmarks.Deposits;

/// <summary>
/// All that a confirmed deposit passes on its way to the merchant: RabbitMQ, Ledger and Webhooks, as processes beside
/// Deposits, and the merchant's server.
/// </summary>
internal sealed class CreditChain : IAsyncDisposable
{
    private static readonly string[] Services = ["ledger", "webhooks"];

    private readonly DurableRabbit _rabbit;
    private readonly DepositSink _sink;
    private readonly List<TestDatabase> _databases = [];
    private readonly List<ChildProcess> _processes = [];

    private CreditChain(DurableRabbit rabbit, DepositSink sink) => (_rabbit, _sink) = (rabbit, sink);

    public string Broker => _rabbit.Uri;

    /// <summary>When the webhook of each credit came, by the deposit's transaction.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> Arrivals => _sink.Arrivals;

    public static async Task<CreditChain> StartAsync(Guid merchant, CancellationToken cancellationToken)
    {
        var chain = new CreditChain(
            await DurableRabbit.StartAsync(cancellationToken), await DepositSink.StartAsync(cancellationToken));
        try
        {
            foreach (var service in Services)
            {
                var port = await chain.StartAsync(service, cancellationToken);
                if (service == "webhooks")
                {
                    await SetEndpointAsync(port, merchant, chain._sink.Url, cancellationToken);
                }
            }

            return chain;
        }
        catch
        {
            await chain.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        foreach (var database in _databases)
        {
            await database.DisposeAsync();
        }

        await _sink.DisposeAsync();
        await _rabbit.DisposeAsync();
    }

    /// <summary>Starts a service with a database of its own; its port.</summary>
    private async Task<int> StartAsync(string service, CancellationToken cancellationToken)
    {
        var name = char.ToUpperInvariant(service[0]) + service[1..];
        var program = Path.Combine(
            BenchFolder.Repository, $"Services/{name}/bin", BenchFolder.Configuration, $"net10.0/ArdorQr.{name}.dll");
        var database = await TestDatabase.CreateAsync(Assembly.LoadFrom(program), cancellationToken);
        _databases.Add(database);
        var port = ChildProcess.FreePort();
        var settings = TestIdentity.Settings(service).ToDictionary(
            setting => setting.Key.Replace(":", "__", StringComparison.Ordinal), setting => setting.Value);
        settings[$"ConnectionStrings__{service}"] = database.ConnectionString;
        settings["ConnectionStrings__broker"] = Broker;
        settings["ASPNETCORE_ENVIRONMENT"] = "Development"; // For a receiver of webhooks on this machine.
        settings["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}";
        settings["Logging__LogLevel__Default"] = "Error";
        settings["Webhooks__AllowLoopbackReceivers"] = "true";
        settings["Webhooks__EncryptionKey"] = Convert.ToBase64String(SHA256.HashData("bench"u8));
        await Migration.RunAsync(service, program, settings, database.OwnerConnectionString, cancellationToken);
        var process = new ChildProcess(service, ["dotnet", program], settings);
        _processes.Add(process);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        await process.WaitUntilAsync(() => IsReadyAsync(http, cancellationToken), cancellationToken);
        return port;
    }

    private static async Task SetEndpointAsync(int port, Guid merchant, Uri url, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Bearer", TestIdentity.ServiceToken("gateway", "webhooks", "webhooks:configure"));
        using var response = await http.PutAsJsonAsync(
            new Uri($"/internal/endpoints/{merchant}/{Mode.Test.Code}", UriKind.Relative), new { url = url.AbsoluteUri.TrimEnd('/') }, cancellationToken);
        response.EnsureSuccessStatusCode();
    }

    private static async Task<bool> IsReadyAsync(HttpClient http, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri("/health/ready", UriKind.Relative), cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
