using System.Reflection;
using Dapper;
using DbUp;
using DbUp.Engine.Output;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ArdorQr.ServiceDefaults.Database;

/// <summary>
/// Brings a service's database to its newest schema: embedded, numbered SQL scripts of ServiceDefaults and of the
/// service, in order, each once, under an advisory lock, so that several replicas may start it together.
/// The owner runs it; the application's role is made when missing and gets the settings' password when it has another, and
/// the scripts grant to it as <c>$app$</c>.
/// </summary>
public sealed partial class Migrator(ILogger<Migrator> logger)
{
    private const long AdvisoryLock = 0x4172_646F_7251_5201; // "ArdorQR", 1: one number for all services, as each has its own database.

    /// <param name="ownerConnectionString">The database's owner; may create roles if the application's is missing.</param>
    /// <param name="applicationConnectionString">Names the application's role and password, which may be a new one.</param>
    /// <param name="service">The assembly with the service's scripts.</param>
    /// <param name="cancellationToken">Stops waiting for the lock; a script that runs is finished.</param>
    public async Task MigrateAsync(
        string ownerConnectionString, string applicationConnectionString, Assembly service, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(ownerConnectionString);
        await connection.OpenAsync(cancellationToken);
        await connection.ExecuteAsync("SELECT pg_advisory_lock(@key)", new { key = AdvisoryLock }, cancellationToken);
        var role = await EnsureRoleAsync(connection, applicationConnectionString, cancellationToken);

        Run(ownerConnectionString, typeof(Migrator).Assembly, role);
        if (service != typeof(Migrator).Assembly)
        {
            Run(ownerConnectionString, service, role);
        }
    }

    private static async Task<string> EnsureRoleAsync(
        NpgsqlConnection connection, string applicationConnectionString, CancellationToken cancellationToken)
    {
        // Roles belong to the whole cluster: two services' migrations may create theirs at once, never the same one.
        const string createSql =
            """
            SELECT format('CREATE ROLE %I LOGIN PASSWORD %L', @role, @password)
            WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = @role)
            """;
        var application = new NpgsqlConnectionStringBuilder(applicationConnectionString);
        var role = application.Username ?? throw new InvalidOperationException("The application's connection string names no role.");
        if (await connection.QuerySingleOrDefaultAsync<string>(createSql, new { role, password = application.Password ?? "" }, cancellationToken)
            is { } create)
        {
            await connection.ExecuteAsync(create, null, cancellationToken);
        }

        // Where the database is closed to everybody, as deploy/new-secrets makes it, this is the one way in.
        var admit = await connection.QuerySingleAsync<string>(
            "SELECT format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), @role)", new { role }, cancellationToken);
        await connection.ExecuteAsync(admit, null, cancellationToken);
        if (await IsRefusedAsync(application, cancellationToken))
        {
            var alter = await connection.QuerySingleAsync<string>(
                "SELECT format('ALTER ROLE %I PASSWORD %L', @role, @password)", new { role, password = application.Password }, cancellationToken);
            await connection.ExecuteAsync(alter, null, cancellationToken);
        }

        return role;
    }

    /// <summary>
    /// Tried rather than altered each time: where the role is somebody else's, an owner may not alter it. Whatever else
    /// keeps the application out is no question of its password.
    /// </summary>
    private static async Task<bool> IsRefusedAsync(NpgsqlConnectionStringBuilder application, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(application.ConnectionString) { Pooling = false }.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            return false;
        }
        catch (NpgsqlException exception)
        {
            return exception.SqlState == PostgresErrorCodes.InvalidPassword;
        }
    }

    private void Run(string connectionString, Assembly assembly, string role)
    {
        var result = DeployChanges.To.PostgresqlDatabase(connectionString)
            .WithScriptsEmbeddedInAssembly(assembly, name => name.Contains(".Migrations.", StringComparison.Ordinal))
            .WithVariable("app", '"' + role.Replace("\"", "\"\"", StringComparison.Ordinal) + '"')
            .WithTransactionPerScript()
            .JournalToPostgresqlTable("public", "schema_version")
            .LogTo(new UpgradeLog(logger))
            .Build()
            .PerformUpgrade();
        if (!result.Successful)
        {
            throw new InvalidOperationException($"Migration {result.ErrorScript?.Name} failed.", result.Error);
        }
    }

    private sealed partial class UpgradeLog(ILogger logger) : IUpgradeLog
    {
        public void LogTrace(string format, params object[] args) => LogLine(LogLevel.Trace, Text(format, args));

        public void LogDebug(string format, params object[] args) => LogLine(LogLevel.Debug, Text(format, args));

        public void LogInformation(string format, params object[] args) => LogLine(LogLevel.Information, Text(format, args));

        public void LogWarning(string format, params object[] args) => LogLine(LogLevel.Warning, Text(format, args));

        public void LogError(string format, params object[] args) => LogLine(LogLevel.Error, Text(format, args));

        public void LogError(Exception ex, string format, params object[] args) => LogFailure(Text(format, args), ex);

        private static string Text(string format, object[] args) =>
            args.Length == 0 ? format : string.Format(System.Globalization.CultureInfo.InvariantCulture, format, args);

        [LoggerMessage(Message = "{Text}")]
        private partial void LogLine(LogLevel level, string text);

        [LoggerMessage(Level = LogLevel.Error, Message = "{Text}")]
        private partial void LogFailure(string text, Exception exception);
    }
}
