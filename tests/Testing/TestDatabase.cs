using System.Collections.Concurrent;
using System.Reflection;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Messaging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ArdorQr.Testing;

/// <summary>
/// A database for one test: cloned from a template that the service's migrations made once in this process, reached
/// as the application's role so that a missing grant shows, dropped at the end.
/// </summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private static readonly ConcurrentDictionary<Assembly, Lazy<Task<string>>> Templates = [];
    private static int _created;

    private readonly string _name;
    private readonly NpgsqlDataSource _dataSource;

    private TestDatabase(string name)
    {
        _name = name;
        ConnectionString = ConnectionTo(name, Role(name), pooling: true);
        OwnerConnectionString = ConnectionTo(name, "postgres", pooling: false);
        _dataSource = NpgsqlDataSource.Create(ConnectionString);
        Outbox = new OutboxSignal();
        Database = new ServiceDatabase(_dataSource, Outbox);
    }

    /// <summary>As the application connects.</summary>
    public string ConnectionString { get; }

    /// <summary>As the owner: to look at or break what the application may not.</summary>
    public string OwnerConnectionString { get; }

    public ServiceDatabase Database { get; }

    public NpgsqlDataSource DataSource => _dataSource;

    public OutboxSignal Outbox { get; }

    /// <param name="service">The assembly with the migrations.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static async Task<TestDatabase> CreateAsync(Assembly service, CancellationToken cancellationToken)
    {
        var template = await Templates.GetOrAdd(service, key => new(() => MigrateTemplateAsync(key))).Value.WaitAsync(cancellationToken);
        var name = $"{template}_{Interlocked.Increment(ref _created)}";
        await ExecuteAsync($"CREATE DATABASE {name} TEMPLATE {template}", cancellationToken);
        return new TestDatabase(name);
    }

    public async ValueTask DisposeAsync()
    {
        await _dataSource.DisposeAsync();
        NpgsqlConnection.ClearPool(new NpgsqlConnection(ConnectionString));
        await ExecuteAsync($"DROP DATABASE IF EXISTS {_name} WITH (FORCE)", CancellationToken.None);
    }

    private static async Task<string> MigrateTemplateAsync(Assembly service)
    {
        var name = $"t{Environment.ProcessId}_{service.GetName().Name!.Replace('.', '_').ToLowerInvariant()}";
        await ExecuteAsync($"DROP DATABASE IF EXISTS {name}", CancellationToken.None);
        await ExecuteAsync($"CREATE DATABASE {name}", CancellationToken.None);
        await new Migrator(NullLogger<Migrator>.Instance).MigrateAsync(
            ConnectionTo(name, "postgres", pooling: false), ConnectionTo(name, Role(name), pooling: false), service, CancellationToken.None);
        NpgsqlConnection.ClearAllPools(); // A template with an open connection can't be cloned.
        return name;
    }

    /// <summary>One application role per service and run; a role belongs to the whole server.</summary>
    private static string Role(string database) => string.Join('_', database.Split('_').Skip(1).TakeWhile(part => !int.TryParse(part, out _))) + "_app";

    private static string ConnectionTo(string database, string user, bool pooling) =>
        new NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString)
        {
            Database = database,
            Username = user,
            Password = user == "postgres" ? new NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString).Password : "test",
            Pooling = pooling,
            MaxPoolSize = 20,
        }.ConnectionString;

    private static async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString) { Database = "postgres", Pooling = false }.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
