using System.Diagnostics;
using System.Globalization;
using ArdorQr.Benchmarks.Hosting;
using ArdorQr.Ledger.Database;
using ArdorQr.Ledger.Features;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.Testing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace ArdorQr.Benchmarks.Ledger;

/// <summary>
/// Ledger twice on one database: the engine in this process, and the real program as a process of its own. There is no
/// broker; debits need none.
/// </summary>
internal sealed class LedgerUnderTest : IAsyncDisposable
{
    /// <summary>Nobody listens there.</summary>
    private const string NoBroker = "amqp://guest:guest@127.0.0.1:1/";

    /// <summary>Where the factory looks for the service's folder, when it isn't found from a test project.</summary>
    private const string ContentRoot = "ASPNETCORE_TEST_CONTENTROOT_ARDORQR_LEDGER";

    private readonly TestDatabase _database;
    private readonly ServiceFactory<PostingEngine> _inProcess;

    private LedgerUnderTest(TestDatabase database, ServiceFactory<PostingEngine> inProcess, ChildProcess process, int port) =>
        (_database, _inProcess, Process, Port) = (database, inProcess, process, port);

    public PostingEngine Engine => _inProcess.Services.GetRequiredService<PostingEngine>();

    public ChildProcess Process { get; }

    /// <summary>Of the process, on the loopback interface.</summary>
    public int Port { get; }

    public string DatabaseName => new NpgsqlConnectionStringBuilder(_database.ConnectionString).Database!;

    public ServiceDatabase Database => _database.Database;

    public AuditBooks Auditor => _inProcess.Services.GetRequiredService<AuditBooks>();

    /// <summary>Starts both with every wallet funded.</summary>
    public static Task<LedgerUnderTest> StartAsync(CancellationToken cancellationToken) =>
        StartAsync(new Dictionary<string, string?>(), cancellationToken);

    /// <param name="settings">For both, beside those without which they don't start.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<LedgerUnderTest> StartAsync(
        IReadOnlyDictionary<string, string?> settings, CancellationToken cancellationToken)
    {
        var database = await TestDatabase.CreateAsync(typeof(PostingEngine).Assembly, cancellationToken);
        Environment.SetEnvironmentVariable(ContentRoot, Path.Combine(BenchFolder.Repository, "Services/Ledger"));
        var inProcess = new ServiceFactory<PostingEngine>("ledger", database, settings);
        var began = Stopwatch.GetTimestamp();
        await BenchWallets.FundAsync(inProcess.Services.GetRequiredService<PostingEngine>(), cancellationToken);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Ledger: {BenchWallets.Count} wallets funded by deposits in {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s"));
        await using (var connection = new NpgsqlConnection(database.OwnerConnectionString))
        {
            await connection.OpenAsync(cancellationToken);
            await using var analyze = new NpgsqlCommand("VACUUM ANALYZE", connection) { CommandTimeout = 0 };
            await analyze.ExecuteNonQueryAsync(cancellationToken);
        }

        var port = ChildProcess.FreePort();
        var process = StartProcess(database, port, settings);
        var ledger = new LedgerUnderTest(database, inProcess, process, port);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        await process.WaitUntilAsync(() => IsReadyAsync(http, cancellationToken), cancellationToken);
        return ledger;
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        await _inProcess.DisposeAsync();
        await _database.DisposeAsync();
    }

    private static ChildProcess StartProcess(
        TestDatabase database, int port, IReadOnlyDictionary<string, string?> given)
    {
        var program = Path.Combine(
            BenchFolder.Repository, "Services/Ledger/bin", BenchFolder.Configuration, "net10.0/ArdorQr.Ledger.dll");
        var settings = TestIdentity.Settings("ledger").Concat(given).ToDictionary(
            setting => setting.Key.Replace(":", "__", StringComparison.Ordinal), setting => setting.Value);
        settings["ConnectionStrings__ledger"] = database.ConnectionString;
        settings["ConnectionStrings__broker"] = NoBroker;
        settings["ASPNETCORE_ENVIRONMENT"] = "Production";
        settings["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}";
        settings["Logging__LogLevel__Default"] = "Warning";
        return new ChildProcess("ledger", ["dotnet", program], settings);
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
