using System.Globalization;
using System.Security.Cryptography;
using Npgsql;

namespace ArdorQr.Chaos.Hosting;

/// <summary>
/// A PostgreSQL of this run's own that keeps its promises: what it has committed is there after a SIGKILL.
/// </summary>
internal sealed class Postgres : IAsyncDisposable
{
    private readonly string _password = RandomNumberGenerator.GetHexString(32);

    public Postgres(string name, string folder)
    {
        var binaries = Directory.GetDirectories("/usr/lib/postgresql")
            .OrderBy(version => int.Parse(Path.GetFileName(version), CultureInfo.InvariantCulture)).Last() + "/bin";
        var script = Path.Combine(ChaosFolder.Repository, "AppHost/Infrastructure/postgres-server");
        Process = new ServerProcess(
            name, folder,
            [
                script, binaries, Path.Combine(folder, name), $"{Port}",
                "-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "shared_buffers=128MB",
            ],
            new Dictionary<string, string?> { ["POSTGRES_PASSWORD"] = _password })
        {
            ProgramName = "postgres",
        };
    }

    public ServerProcess Process { get; }

    public int Port { get; } = FreePorts.Next();

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        Process.Start();
        await ReadyAsync(cancellationToken);
    }

    public Task ReadyAsync(CancellationToken cancellationToken) =>
        Process.ReadyAsync(() => AnswersAsync(cancellationToken), restart: true, cancellationToken);

    /// <summary>The superuser's, past every proxy.</summary>
    public string OwnerConnectionString(string? database) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = Port,
        Username = "postgres",
        Password = _password,
        Database = database,
        Pooling = false,
    }.ConnectionString;

    public async Task<NpgsqlConnection> OpenAsync(string? database, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(OwnerConnectionString(database));
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    public async Task ExecuteAsync(string? database, string sql, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(database, cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public ValueTask DisposeAsync() => Process.DisposeAsync();

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ExecuteAsync(null, "SELECT 1", cancellationToken);
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }
}
