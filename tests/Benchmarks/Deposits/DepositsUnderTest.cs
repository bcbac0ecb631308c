using System.Globalization;
using System.Security.Cryptography;
using ArdorQr.Benchmarks.Hosting;
using ArdorQr.Deposits;
using ArdorQr.Testing;
using ArdorQr.Ton;
using Npgsql;

namespace ArdorQr.Benchmarks.Deposits;

/// <summary>
/// Deposits as a process of its own with a registry of so many addresses, of which one is real. Without a broker what is
/// announced stays in the outbox.
/// </summary>
internal sealed class DepositsUnderTest : IAsyncDisposable
{
    public const int PollMilliseconds = 250;
    public const int RequestsPerSecond = 25;
    public const int ReconciliationSharePercent = 20;

    public const string NoBroker = "amqp://guest:guest@127.0.0.1:1/";
    private const int NetworkGlobalId = -3;

    private static readonly byte[] PublicKey = SHA256.HashData("bench key"u8);

    private readonly TestDatabase _database;

    private DepositsUnderTest(TestDatabase database, ChildProcess process) => (_database, Process) = (database, process);

    /// <summary>Whose address is the real one.</summary>
    public static Guid Merchant { get; } = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    public static TonAddress Master { get; } = new(0, SHA256.HashData("bench master"u8));

    /// <summary>Of the merchant with number 1.</summary>
    public static TonAddress Owner { get; } = WalletV5R1.AddressOf(PublicKey, NetworkGlobalId, 1);

    public ChildProcess Process { get; }

    public static async Task<DepositsUnderTest> StartAsync(
        int addresses, int chainPort, string broker, Action registered, CancellationToken cancellationToken)
    {
        var database = await TestDatabase.CreateAsync(typeof(Worlds).Assembly, cancellationToken);
        await RegisterAsync(database, addresses, cancellationToken);
        registered();
        var port = ChildProcess.FreePort();
        var settings = SettingsOf(database, chainPort, broker, port);
        if (broker != NoBroker)
        {
            await Migration.RunAsync("deposits", Program, settings, database.OwnerConnectionString, cancellationToken);
        }

        var process = new ChildProcess("deposits", ["dotnet", Program], settings);
        var deposits = new DepositsUnderTest(database, process);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        await process.WaitUntilAsync(() => IsReadyAsync(http, cancellationToken), cancellationToken);
        await process.WaitUntilAsync(
            async () => (await deposits.CountAsync(cancellationToken)).Confirmed > 0, cancellationToken);
        return deposits;
    }

    /// <summary>How many deposits are stored and how many of them are confirmed.</summary>
    public async Task<(long Seen, long Confirmed)> CountAsync(CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("SELECT count(*), count(confirmed_at) FROM deposits.deposit", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt64(0), reader.GetInt64(1));
    }

    /// <summary>When each deposit was confirmed, by its transaction.</summary>
    public async Task<Dictionary<string, DateTimeOffset>> ConfirmedAtAsync(CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(
            "SELECT tx_hash, confirmed_at FROM deposits.deposit WHERE confirmed_at IS NOT NULL", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new Dictionary<string, DateTimeOffset>();
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(reader.GetString(0), reader.GetFieldValue<DateTimeOffset>(1));
        }

        return found;
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        await _database.DisposeAsync();
    }

    private async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(_database.OwnerConnectionString);
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    private static async Task RegisterAsync(TestDatabase database, int addresses, CancellationToken cancellationToken)
    {
        var sql = string.Create(CultureInfo.InvariantCulture,
            $"""
            INSERT INTO deposits.address (merchant_id, mode, merchant_number, network_global_id, owner, jetton_wallet)
            VALUES ('{Merchant}', 'test', 1, {NetworkGlobalId}, '{Owner.ToRaw()}', '{SimulatedBlocks.WalletOf(Owner, Master).ToRaw()}');
            INSERT INTO deposits.address (merchant_id, mode, merchant_number, network_global_id, owner, jetton_wallet)
            SELECT gen_random_uuid(), 'test', number, {NetworkGlobalId}, '0:' || encode(sha256(('o' || number)::bytea), 'hex'),
                '0:' || encode(sha256(('w' || number)::bytea), 'hex')
            FROM generate_series(2, {addresses}) AS number;
            ANALYZE deposits.address;
            """);
        await using var connection = new NpgsqlConnection(database.OwnerConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static string Program => Path.Combine(
        BenchFolder.Repository, "Services/Deposits/bin", BenchFolder.Configuration, "net10.0/ArdorQr.Deposits.dll");

    private static Dictionary<string, string?> SettingsOf(TestDatabase database, int chainPort, string broker, int port)
    {
        const string world = "Deposits__Worlds__Test__";
        var settings = TestIdentity.Settings("deposits").ToDictionary(
            setting => setting.Key.Replace(":", "__", StringComparison.Ordinal), setting => setting.Value);
        settings["ConnectionStrings__deposits"] = database.ConnectionString;
        settings["ConnectionStrings__broker"] = broker;
        settings["ASPNETCORE_ENVIRONMENT"] = "Production";
        settings["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}";
        settings["Logging__LogLevel__Default"] = "Error";
        settings[world + "PublicKey"] = Convert.ToHexStringLower(PublicKey);
        settings[world + "NetworkGlobalId"] = $"{NetworkGlobalId}";
        settings[world + "JettonMaster"] = Master.ToRaw();
        settings[world + "ChainUrl"] = $"http://127.0.0.1:{chainPort}";
        settings[world + "ChainRequestsPerSecond"] = $"{RequestsPerSecond}";
        settings[world + "ReconciliationSharePercent"] = $"{ReconciliationSharePercent}";
        settings[world + "ReconciliationPauseSeconds"] = "0";
        settings[world + "PollIntervalMilliseconds"] = $"{PollMilliseconds}";
        settings[world + "RateSources__0__Name"] = "bench";
        settings[world + "RateSources__0__Kind"] = "sandbox";
        settings[world + "RateSources__0__Url"] = $"http://127.0.0.1:{chainPort}/rate";
        return settings;
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
