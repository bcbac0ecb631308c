using System.Security.Cryptography;
using ArdorQr.Benchmarks.Hosting;
using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Sealing;
using ArdorQr.Testing;
using ArdorQr.Webhooks.Domain;
using ArdorQr.Webhooks.Features;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace ArdorQr.Benchmarks.Webhooks;

/// <summary>A database with endpoints and events for the dispatcher, which runs as the real program or in this process.</summary>
internal sealed class WebhooksUnderTest : IAsyncDisposable
{
    /// <summary>Nobody listens there.</summary>
    private const string NoBroker = "amqp://guest:guest@127.0.0.1:1/";

    private const string ContentRoot = "ASPNETCORE_TEST_CONTENTROOT_ARDORQR_WEBHOOKS";

    /// <summary>A payment's event is about as long.</summary>
    private const int BodyBytes = 900;

    private static readonly string Key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    private readonly TestDatabase _database;
    private readonly ServiceFactory<DispatchDeliveries>? _inProcess;

    private WebhooksUnderTest(TestDatabase database, ServiceFactory<DispatchDeliveries>? inProcess, ChildProcess? process) =>
        (_database, _inProcess, Process) = (database, inProcess, process);

    public static byte[] Body { get; } = [.. "{\"data\":\""u8, .. Enumerable.Repeat((byte)'x', BodyBytes), .. "\"}"u8];

    /// <summary>The real program, where it is one.</summary>
    public ChildProcess? Process { get; }

    public EventIntake Intake => _inProcess!.Services.GetRequiredService<EventIntake>();

    public IReadOnlyList<Guid> Merchants { get; private set; } = [];

    public static async Task<WebhooksUnderTest> StartProcessAsync(int maxInFlight, CancellationToken cancellationToken)
    {
        var database = await TestDatabase.CreateAsync(typeof(DispatchDeliveries).Assembly, cancellationToken);
        var port = ChildProcess.FreePort();
        var program = Path.Combine(
            BenchFolder.Repository, "Services/Webhooks/bin", BenchFolder.Configuration, "net10.0/ArdorQr.Webhooks.dll");
        var settings = TestIdentity.Settings("webhooks").Concat(Settings(maxInFlight)).ToDictionary(
            setting => setting.Key.Replace(":", "__", StringComparison.Ordinal), setting => setting.Value);
        settings["ConnectionStrings__webhooks"] = database.ConnectionString;
        settings["ConnectionStrings__broker"] = NoBroker;
        settings["ASPNETCORE_ENVIRONMENT"] = "Development"; // Receivers on this machine are allowed there only.
        settings["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}";
        settings["Logging__LogLevel__Default"] = "Warning";
        settings["Logging__LogLevel__MassTransit"] = "None";
        var process = new ChildProcess("webhooks", ["dotnet", program], settings);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        await process.WaitUntilAsync(async () =>
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
        }, cancellationToken);
        return new WebhooksUnderTest(database, null, process);
    }

    public static async Task<WebhooksUnderTest> StartInProcessAsync(CancellationToken cancellationToken)
    {
        var database = await TestDatabase.CreateAsync(typeof(DispatchDeliveries).Assembly, cancellationToken);
        Environment.SetEnvironmentVariable(ContentRoot, Path.Combine(BenchFolder.Repository, "Services/Webhooks"));
        var factory = new ServiceFactory<DispatchDeliveries>("webhooks", database, Settings(maxInFlight: null));
        _ = factory.Services; // Starts it.
        return new WebhooksUnderTest(database, factory, null);
    }

    /// <summary>Adds so many endpoints, all at one URL.</summary>
    public async Task<IReadOnlyList<Guid>> AddEndpointsAsync(int count, string url, CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO webhooks.endpoint (merchant_id, mode, url, enabled, secret, secret_key_id)
            VALUES (@merchant, 'test', @url, true, @Bytes, @KeyId)
            """;
        using var random = RandomNumberGenerator.Create();
        var cipher = new SecretCipher(new Seals(Key, [], random));
        var added = Enumerable.Range(0, count).Select(_ => NewId()).ToList();
        await using var connection = await _database.Database.OpenAsync(cancellationToken);
        foreach (var merchant in added)
        {
            var secret = cipher.Seal(Signature.NewSecret(random), merchant, Mode.Test);
            await connection.ExecuteAsync(sql, new { merchant, url, secret.Bytes, secret.KeyId }, cancellationToken);
        }

        Merchants = [.. Merchants, .. added];
        return added;
    }

    /// <summary>Stores so many due events in one transaction, spread over the endpoints.</summary>
    public async Task OweAsync(int count, CancellationToken cancellationToken)
    {
        const string sql =
            """
            WITH stored AS (
                INSERT INTO webhooks.event (event_id, merchant_id, mode, type, body, created_at)
                SELECT gen_random_uuid(), (@merchants)[1 + number % array_length(@merchants, 1)], 'test', 'payment.completed', @body, now()
                FROM generate_series(1, @count) AS number
                RETURNING event_id, merchant_id)
            INSERT INTO webhooks.delivery (id, event_id, merchant_id, mode, paused)
            SELECT gen_random_uuid(), event_id, merchant_id, 'test', false FROM stored
            """;
        await using var connection = new NpgsqlConnection(_database.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql.Replace("@merchants", "$1", StringComparison.Ordinal)
            .Replace("@body", "$2", StringComparison.Ordinal).Replace("@count", "$3", StringComparison.Ordinal), connection)
        {
            CommandTimeout = 0,
            Parameters = { new() { Value = Merchants.ToArray() }, new() { Value = Body }, new() { Value = count } },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<long> PendingAsync(CancellationToken cancellationToken)
    {
        await using var connection = await _database.Database.OpenAsync(cancellationToken);
        return await connection.QuerySingleAsync<long>("SELECT count(*) FROM webhooks.delivery WHERE status = 'pending'", null, cancellationToken);
    }

    /// <summary>As autovacuum would do in time: the planner's figures, and no dead rows of an earlier part.</summary>
    public async Task TidyAsync(CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(_database.OwnerConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("VACUUM ANALYZE", connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (Process is not null)
        {
            await Process.DisposeAsync();
        }

        if (_inProcess is not null)
        {
            await _inProcess.DisposeAsync();
        }

        await _database.DisposeAsync();
    }

    public static Guid NewId() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    private static Dictionary<string, string?> Settings(int? maxInFlight)
    {
        var settings = new Dictionary<string, string?>
        {
            ["Webhooks:EncryptionKey"] = Key,
            ["Webhooks:AllowLoopbackReceivers"] = "true",
        };
        if (maxInFlight is { } places)
        {
            settings["Webhooks:MaxInFlight"] = $"{places}";
        }

        return settings;
    }
}
