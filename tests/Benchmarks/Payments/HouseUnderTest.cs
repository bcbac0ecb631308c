using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using ArdorQr.Benchmarks.Hosting;
using ArdorQr.Testing;

namespace ArdorQr.Benchmarks.Payments;

/// <summary>A merchant of the bench, funded, with a webhook endpoint.</summary>
internal sealed record BenchMerchant(Guid Id, string Key);

/// <summary>
/// The house as processes: Gateway, Ledger, Payments, Webhooks and Sandbox, each with a database on one durable PostgreSQL,
/// and one RabbitMQ. Deposits isn't there: no payment needs it.
/// </summary>
internal sealed class HouseUnderTest : IAsyncDisposable
{
    public const int MerchantCount = 50;

    private const string Secret = "a-secret-of-the-bench-only";
    private const long FundsMinor = 90_000_000_000;

    private static readonly string[] Services = ["gateway", "ledger", "payments", "webhooks", "sandbox"];

    /// <summary>Those with queues: an event without one would be sent again and again.</summary>
    private static readonly string[] Queues = [.. Services, "deposits"];

    private readonly DurableRabbit _rabbit;
    private readonly Dictionary<string, TestDatabase> _databases = [];
    private readonly Dictionary<string, int> _ports = Services.ToDictionary(service => service, _ => ChildProcess.FreePort());
    private readonly Dictionary<string, ChildProcess> _processes = [];
    private readonly int _operatorPort = ChildProcess.FreePort();

    private HouseUnderTest(DurableRabbit rabbit) => _rabbit = rabbit;

    public IReadOnlyList<BenchMerchant> Merchants { get; private set; } = [];

    public IReadOnlyDictionary<string, TestDatabase> Databases => _databases;

    /// <summary>The processor time that each service has used.</summary>
    public IReadOnlyDictionary<string, TimeSpan> ProcessorTimes =>
        _processes.ToDictionary(process => process.Key, process => process.Value.ProcessorTime);

    public int GatewayPort => _ports["gateway"];

    public int PaymentsPort => _ports["payments"];

    public static async Task<HouseUnderTest> StartAsync(DurableRabbit rabbit, Uri receiver, CancellationToken cancellationToken)
    {
        var house = new HouseUnderTest(rabbit);
        try
        {
            foreach (var service in Queues)
            {
                house._databases[service] = await TestDatabase.CreateAsync(Assembly.LoadFrom(ProgramOf(service)), cancellationToken);
                await house.MigrateAsync(service, cancellationToken);
            }

            foreach (var service in Services)
            {
                house._processes[service] = house.Start(service);
            }

            foreach (var service in Services)
            {
                var port = service == "gateway" ? house._operatorPort : house._ports[service];
                using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
                await house._processes[service].WaitUntilAsync(() => IsReadyAsync(http, cancellationToken), cancellationToken);
            }

            house.Merchants = await house.RegisterAsync(receiver, cancellationToken);
            return house;
        }
        catch
        {
            await house.DisposeAsync();
            throw;
        }
    }

    /// <summary>A client of the public API with a merchant's test key.</summary>
    public HttpClient ClientOf(BenchMerchant merchant)
    {
        var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 256 })
        {
            BaseAddress = new Uri($"http://127.0.0.1:{GatewayPort}"),
        };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", merchant.Key);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes.Values)
        {
            await process.DisposeAsync();
        }

        foreach (var database in _databases.Values)
        {
            await database.DisposeAsync();
        }
    }

    private static string NameOf(string service) => char.ToUpperInvariant(service[0]) + service[1..];

    private static string FolderOf(string service) => Path.Combine(
        BenchFolder.Repository, service == "gateway" ? NameOf(service) : $"Services/{NameOf(service)}");

    private static string ProgramOf(string service) => Path.Combine(
        FolderOf(service), "bin", BenchFolder.Configuration, "net10.0", $"ArdorQr.{NameOf(service)}.dll");

    private Task MigrateAsync(string service, CancellationToken cancellationToken) => Migration.RunAsync(
        service, ProgramOf(service), SettingsOf(service), _databases[service].OwnerConnectionString, cancellationToken);

    private ChildProcess Start(string service)
    {
        var settings = SettingsOf(service);
        settings["ASPNETCORE_URLS"] = service == "gateway"
            ? $"http://127.0.0.1:{_ports[service]};http://127.0.0.1:{_operatorPort}"
            : $"http://127.0.0.1:{_ports[service]}";
        return new ChildProcess(service, ["dotnet", ProgramOf(service)], settings);
    }

    private Dictionary<string, string?> SettingsOf(string service)
    {
        var settings = TestIdentity.Settings(service).ToDictionary(
            setting => setting.Key.Replace(":", "__", StringComparison.Ordinal), setting => setting.Value);
        settings[$"ConnectionStrings__{service}"] = _databases[service].ConnectionString;
        settings["ConnectionStrings__broker"] = _rabbit.Uri;
        settings["ASPNETCORE_CONTENTROOT"] = FolderOf(service); // Where appsettings.json is: the gateway's routes.
        settings["ASPNETCORE_ENVIRONMENT"] = "Development"; // For a receiver of webhooks on this machine.
        settings["Logging__LogLevel__Default"] = "Warning";
        foreach (var (other, port) in _ports)
        {
            settings[$"services__{other}__http__0"] = $"http://127.0.0.1:{port}";
        }

        foreach (var (name, value) in OwnSettings())
        {
            settings[name] = value;
        }

        return settings;
    }

    /// <summary>Each service reads its own section only.</summary>
    private Dictionary<string, string?> OwnSettings() => new()
    {
        ["Gateway__OperatorPort"] = _operatorPort.ToString(CultureInfo.InvariantCulture),
        ["Operator__Token"] = Secret,
        ["Payments__Rails__Test__Name"] = "sandbox",
        ["Payments__Rails__Test__Environment"] = "sandbox",
        ["Payments__Rails__Test__Url"] = $"http://127.0.0.1:{_ports["sandbox"]}",
        ["Payments__Rails__Test__Token"] = Secret,
        ["Payments__Rails__Test__CallbackSecret"] = Secret,
        ["Payments__EncryptionKey"] = Convert.ToBase64String(SHA256.HashData("bench"u8)),
        ["Payments__SealsRows"] = "true",
        ["Sandbox__RailToken"] = Secret,
        ["Sandbox__FaucetToken"] = Secret,
        ["Sandbox__CallbackSecret"] = Secret,
        ["Sandbox__CallbackUrl"] = $"http://127.0.0.1:{_ports["gateway"]}/rail/callbacks/sandbox",
        ["Webhooks__AllowLoopbackReceivers"] = "true",
        ["Webhooks__EncryptionKey"] = Convert.ToBase64String(SHA256.HashData("bench"u8)),
    };

    private async Task<IReadOnlyList<BenchMerchant>> RegisterAsync(Uri receiver, CancellationToken cancellationToken)
    {
        using var operators = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_operatorPort}") };
        operators.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Secret);
        using var ledger = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_ports["ledger"]}") };
        ledger.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Bearer", TestIdentity.ServiceToken("gateway", "ledger", "ledger:adjust"));
        var merchants = new List<BenchMerchant>();
        for (var number = 0; number < MerchantCount; number++)
        {
            var registered = await SendAsync(
                operators, HttpMethod.Post, "/operator/merchants", new { name = $"Bench {number}" }, cancellationToken);
            var merchant = new BenchMerchant(
                registered["id"]!.GetValue<Guid>(), registered["keys"]!["test"]!["secret"]!.GetValue<string>());
            await SendAsync(ledger, HttpMethod.Post, "/internal/adjustments", new
            {
                id = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()),
                merchantId = merchant.Id,
                mode = "test",
                amountMinor = FundsMinor,
                reason = "Bench",
            }, cancellationToken);
            using var client = ClientOf(merchant);
            await SendAsync(client, HttpMethod.Put, "/v1/webhooks", new { url = receiver.AbsoluteUri.TrimEnd('/') }, cancellationToken);
            merchants.Add(merchant);
        }

        return merchants;
    }

    /// <summary>A new merchant is known everywhere within seconds; until then it is tried again.</summary>
    private static async Task<JsonNode> SendAsync(
        HttpClient http, HttpMethod method, string path, object body, CancellationToken cancellationToken)
    {
        const int maxTries = 50;
        for (var tries = 1; ; tries++)
        {
            using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = JsonContent.Create(body) };
            using var response = await http.SendAsync(request, cancellationToken);
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            if (response.IsSuccessStatusCode)
            {
                return JsonNode.Parse(text)!;
            }

            if (tries == maxTries || response.StatusCode is HttpStatusCode.BadRequest)
            {
                throw new InvalidOperationException($"{method} {path}: {(int)response.StatusCode} {text}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken);
        }
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
