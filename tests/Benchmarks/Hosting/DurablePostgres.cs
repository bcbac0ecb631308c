using System.Globalization;
using System.Security.Cryptography;
using Npgsql;

namespace ArdorQr.Benchmarks.Hosting;

/// <summary>
/// A PostgreSQL of this run's own that keeps every promise: synchronous_commit, fsync and full_page_writes are on. Both
/// sides of every comparison use it.
/// </summary>
internal sealed class DurablePostgres : IAsyncDisposable
{
    /// <summary>What <c>TestDatabase</c> finds the server by.</summary>
    private const string Variable = "ARDORQR_TEST_POSTGRES";

    /// <summary>No checkpoint falls into one side's measurement and not into the other's.</summary>
    private static readonly string[] Settings =
    [
        "fsync=on", "synchronous_commit=on", "full_page_writes=on", "shared_buffers=512MB", "max_wal_size=6GB",
        "checkpoint_timeout=30min",
    ];

    private readonly ChildProcess _server;

    /// <summary>The processor time that the server has used, all its processes together.</summary>
    public TimeSpan ProcessorTime => _server.TreeProcessorTime;

    private DurablePostgres(ChildProcess server, string binaries, int port, string password) =>
        (_server, Binaries, Port, Password) = (server, binaries, port, password);

    /// <summary>The folder of pgbench and its siblings.</summary>
    public string Binaries { get; }

    public int Port { get; }

    public string Password { get; }

    public static async Task<DurablePostgres> StartAsync(CancellationToken cancellationToken)
    {
        var binaries = Directory.GetDirectories("/usr/lib/postgresql")
            .OrderBy(folder => int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture)).Last() + "/bin";
        var password = RandomNumberGenerator.GetHexString(32);
        var port = ChildProcess.FreePort();
        var script = Path.Combine(BenchFolder.Repository, "AppHost/Infrastructure/postgres-server");
        string[] command = [script, binaries, Path.Combine(BenchFolder.Path, "postgres"), $"{port}"];
        var process = new ChildProcess("postgres", [.. command, .. Settings.SelectMany(setting => new[] { "-c", setting })],
            new Dictionary<string, string?> { ["POSTGRES_PASSWORD"] = password });
        var server = new DurablePostgres(process, binaries, port, password);
        await process.WaitUntilAsync(() => server.AnswersAsync(cancellationToken), cancellationToken);
        Environment.SetEnvironmentVariable(Variable, server.ConnectionString(null));
        return server;
    }

    /// <summary>The superuser's.</summary>
    public string ConnectionString(string? database, bool pooling = false) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = Port,
        Username = "postgres",
        Password = Password,
        Database = database,
        Pooling = pooling,
    }.ConnectionString;

    public async Task ExecuteAsync(string? database, string sql, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(ConnectionString(database));
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<T> ScalarAsync<T>(string? database, string sql, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(ConnectionString(database));
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        return (T)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>What the run's figures depend on.</summary>
    public async Task PrintSettingsAsync(CancellationToken cancellationToken)
    {
        var version = await ScalarAsync<string>(null, "SHOW server_version", cancellationToken);
        var load = (await File.ReadAllTextAsync("/proc/loadavg", cancellationToken)).Split(' ');
        Console.WriteLine($"cores {Environment.ProcessorCount}, load of the host before the run {string.Join(' ', load[..3])}");
        Console.WriteLine($"PostgreSQL {version}: {string.Join(", ", Settings)}");
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await ScalarAsync<int>(null, "SELECT 1", cancellationToken) == 1;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }
}
