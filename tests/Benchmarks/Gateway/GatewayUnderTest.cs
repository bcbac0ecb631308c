using ArdorQr.Benchmarks.Hosting;
using ArdorQr.Contracts;
using ArdorQr.Gateway.Domain;
using ArdorQr.Testing;
using Npgsql;
using System.Security.Cryptography;

namespace ArdorQr.Benchmarks.Gateway;

/// <summary>The real Gateway as a process of its own, with keys in its database, before a bare service.</summary>
internal sealed class GatewayUnderTest : IAsyncDisposable
{
    /// <summary>Nobody listens there; a balance needs no broker.</summary>
    private const string NoBroker = "amqp://guest:guest@127.0.0.1:1/";

    /// <summary>The limits are counted, and never reached.</summary>
    private const string NoLimit = "1000000";

    private readonly TestDatabase _database;

    private GatewayUnderTest(TestDatabase database, ChildProcess process, int port) =>
        (_database, Process, Port) = (database, process, port);

    public ChildProcess Process { get; }

    public int Port { get; }

    /// <param name="serviceUrl">Where every route leads.</param>
    /// <param name="keysFile">Gets the keys, one a line.</param>
    /// <param name="keys">How many there are.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static async Task<GatewayUnderTest> StartAsync(
        string serviceUrl, string keysFile, int keys, CancellationToken cancellationToken)
    {
        var database = await TestDatabase.CreateAsync(typeof(ApiKey).Assembly, cancellationToken);
        await File.WriteAllLinesAsync(keysFile, await InsertAsync(database, keys, cancellationToken), cancellationToken);
        var (port, operatorPort) = (ChildProcess.FreePort(), ChildProcess.FreePort());
        var program = Path.Combine(
            BenchFolder.Repository, "Gateway/bin", BenchFolder.Configuration, "net10.0/ArdorQr.Gateway.dll");
        var settings = TestIdentity.Settings("gateway").ToDictionary(
            setting => setting.Key.Replace(":", "__", StringComparison.Ordinal), setting => setting.Value);
        settings["ConnectionStrings__gateway"] = database.ConnectionString;
        settings["ConnectionStrings__broker"] = NoBroker;
        settings["ASPNETCORE_ENVIRONMENT"] = "Production";
        settings["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port};http://127.0.0.1:{operatorPort}";
        settings["ASPNETCORE_CONTENTROOT"] = Path.Combine(BenchFolder.Repository, "Gateway");
        settings["Logging__LogLevel__Default"] = "Error";
        settings["Gateway__OperatorPort"] = $"{operatorPort}";
        settings["Gateway__Limits__KeyRequests"] = NoLimit;
        settings["Gateway__Limits__AddressRequests"] = NoLimit;
        settings["Operator__Token"] = "a token that nobody uses here";
        foreach (var service in (string[])["ledger", "deposits", "payments", "webhooks", "sandbox"])
        {
            settings[$"services__{service}__http__0"] = serviceUrl; // Only the first is asked.
        }

        var gateway = new GatewayUnderTest(database, new ChildProcess("gateway", ["dotnet", program], settings), port);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        await gateway.Process.WaitUntilAsync(() => IsReadyAsync(http, cancellationToken), cancellationToken);
        return gateway;
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        await _database.DisposeAsync();
    }

    /// <summary>One merchant per key, as with merchants who have one key in use each.</summary>
    private static async Task<IReadOnlyList<string>> InsertAsync(TestDatabase database, int count, CancellationToken cancellationToken)
    {
        const string sql =
            """
            WITH given AS (SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[]) AS key (id, public_id, hash)),
            merchants AS (INSERT INTO gateway.merchant (id, name) SELECT id, 'ООО Замер' FROM given)
            INSERT INTO gateway.api_key (id, merchant_id, mode, public_id, key_hash, hint, rights)
            SELECT id, id, 'test', public_id, hash, public_id, ARRAY['read', 'pay', 'keys', 'webhooks'] FROM given
            """;
        using var random = RandomNumberGenerator.Create();
        var keys = Enumerable.Range(0, count).Select(_ => ApiKey.Issue(Mode.Test, random)).ToList();
        await using var connection = new NpgsqlConnection(database.OwnerConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new() { Value = keys.Select(_ => Guid.CreateVersion7(TimeProvider.System.GetUtcNow())).ToArray() });
        command.Parameters.Add(new() { Value = keys.Select(key => key.PublicId).ToArray() });
        command.Parameters.Add(new() { Value = keys.Select(key => key.Hash()).ToArray() });
        await command.ExecuteNonQueryAsync(cancellationToken);
        return [.. keys.Select(key => key.Text)];
    }

    private static async Task<bool> IsReadyAsync(HttpClient http, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri("/health/live", UriKind.Relative), cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
