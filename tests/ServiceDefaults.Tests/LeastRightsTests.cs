using System.Text.RegularExpressions;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ArdorQr.ServiceDefaults.Tests;

/// <summary>
/// The databases and roles as <c>deploy/new-secrets</c> makes them for a new installation, tried on a real server under
/// names of this test's own.
/// </summary>
public sealed partial class LeastRightsTests : IAsyncLifetime
{
    private const string Denied = "42501";
    private const string MayNotLogIn = "28000";
    private const string WrongPassword = "28P01";

    private static readonly string[] Services = ["gateway", "ledger", "deposits", "payments", "webhooks", "sandbox"];

    private readonly string _folder = Directory.CreateTempSubdirectory("ardorqr-rights-").FullName;
    private readonly string _prefix = $"rights{Environment.ProcessId}_";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await NewSecrets.MakeAsync(_folder, Token);
        foreach (var statement in Own(await ReadAsync("databases.sql")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            await ExecuteAsync(Superuser("postgres"), statement);
        }

        foreach (var service in new[] { "ledger", "payments" })
        {
            await MigrateAsync(service, await ApplicationAsync(service));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in Services)
        {
            await ExecuteAsync(Superuser("postgres"), $"DROP DATABASE IF EXISTS {_prefix}{service} WITH (FORCE)");
        }

        foreach (var role in Services.SelectMany(service => new[] { $"{service}_app", $"{service}_owner" }))
        {
            await ExecuteAsync(Superuser("postgres"), $"DROP ROLE IF EXISTS {_prefix}{role}");
        }

        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_services_roles_get_into_no_other_database()
    {
        Assert.Null(await FaultOfAsync(await ApplicationAsync("ledger"), "SELECT 1"));
        foreach (var other in Services.Where(service => service != "ledger").Select(service => _prefix + service).Append("postgres"))
        {
            Assert.Equal(Denied, await FaultOfAsync(At(await ApplicationAsync("ledger"), other), "SELECT 1"));
            Assert.Equal(Denied, await FaultOfAsync(At(await OwnerAsync("ledger"), other), "SELECT 1"));
        }
    }

    [Theory]
    [InlineData("DROP TABLE messaging.outbox")]
    [InlineData("ALTER TABLE messaging.outbox ADD COLUMN more text")]
    [InlineData("TRUNCATE messaging.inbox")]
    [InlineData("UPDATE messaging.inbox SET consumer = ''")]
    [InlineData("CREATE TABLE messaging.own (id integer)")]
    [InlineData("CREATE TABLE public.own (id integer)")]
    [InlineData("CREATE SCHEMA own")]
    [InlineData("CREATE ROLE own")]
    [InlineData("CREATE DATABASE own")]
    [InlineData("UPDATE recovery.episode SET begun_at = now()")]
    [InlineData("COPY messaging.outbox TO PROGRAM 'cat'")]
    public async Task A_service_at_run_time_cannot_do_what_is_its_migrations(string sql) =>
        Assert.Equal(Denied, await FaultOfAsync(await ApplicationAsync("ledger"), sql));

    [Fact]
    public async Task A_migration_gives_the_applications_role_a_new_password_and_open_connections_go_on()
    {
        var before = await ApplicationAsync("payments");
        var after = new NpgsqlConnectionStringBuilder(before) { Password = "the-next-password" }.ConnectionString;
        await using var open = new NpgsqlConnection(before);
        await open.OpenAsync(Token);
        Assert.Equal(WrongPassword, await FaultOfAsync(after, "SELECT 1"));

        await MigrateAsync("payments", after);

        Assert.Null(await FaultOfAsync(after, "SELECT count(*) FROM messaging.outbox"));
        Assert.Equal(WrongPassword, await FaultOfAsync(before, "SELECT 1"));
        await using var command = new NpgsqlCommand("SELECT count(*) FROM messaging.outbox", open);
        Assert.Equal(0L, await command.ExecuteScalarAsync(Token));
    }

    [Fact]
    public async Task A_migration_changes_no_password_that_is_right_and_needs_no_right_to_change_it()
    {
        await ExecuteAsync(Superuser("postgres"), $"ALTER ROLE {_prefix}payments_owner NOCREATEROLE");
        var application = await ApplicationAsync("payments");

        await MigrateAsync("payments", application);

        var after = new NpgsqlConnectionStringBuilder(application) { Password = "the-next-password" }.ConnectionString;
        var fault = await Assert.ThrowsAsync<PostgresException>(() => MigrateAsync("payments", after));
        Assert.Equal(Denied, fault.SqlState);
        Assert.Null(await FaultOfAsync(application, "SELECT 1"));
    }

    private async Task MigrateAsync(string service, string application) =>
        await new Migrator(NullLogger<Migrator>.Instance).MigrateAsync(
            await OwnerAsync(service), application, typeof(Migrator).Assembly, Token);

    private static async Task<string?> FaultOfAsync(string connectionString, string sql)
    {
        try
        {
            await ExecuteAsync(connectionString, sql);
            return null;
        }
        catch (PostgresException exception)
        {
            return exception.SqlState == MayNotLogIn ? Denied : exception.SqlState;
        }
    }

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Token);
    }

    private Task<string> ApplicationAsync(string service) => SettingAsync($"{service}.env", service);

    private Task<string> OwnerAsync(string service) => SettingAsync($"{service}-migrate.env", $"{service}-owner");

    /// <summary>A connection string as the service is given it, to this run's server.</summary>
    private async Task<string> SettingAsync(string file, string name)
    {
        var prefix = $"ConnectionStrings__{name}=";
        var line = (await ReadAsync(file)).Split('\n').Single(text => text.StartsWith(prefix, StringComparison.Ordinal));
        var server = new NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString);
        return new NpgsqlConnectionStringBuilder(Own(line[prefix.Length..]))
        {
            Host = server.Host, Port = server.Port, Pooling = false,
        }.ConnectionString;
    }

    private Task<string> ReadAsync(string file) => File.ReadAllTextAsync(Path.Combine(_folder, "secrets", file), Token);

    private static string At(string connectionString, string database) =>
        new NpgsqlConnectionStringBuilder(connectionString) { Database = database }.ConnectionString;

    private static string Superuser(string database) =>
        new NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString) { Database = database, Pooling = false }.ConnectionString;

    /// <summary>The same under names of this test's own: roles belong to the whole server.</summary>
    private string Own(string text) => Names().Replace(text, $"{_prefix}$1");

    [GeneratedRegex("\\b(gateway|ledger|deposits|payments|webhooks|sandbox)(?=_owner|_app|;|\\s|$)")]
    private static partial Regex Names();
}
