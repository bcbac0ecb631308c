using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using RabbitMQ.Client;

namespace ArdorQr.AppHost.Infrastructure;

/// <summary>
/// PostgreSQL and RabbitMQ as processes of our own, for a machine without a container engine: with folders, ports and
/// passwords of their own. The services that the distribution may run are not touched.
/// </summary>
internal static class LocalProcesses
{
    private const int OldestPostgres = 15;
    private const string PostgresVersions = "/usr/lib/postgresql";
    private const string RabbitMqServer = "/usr/lib/rabbitmq/bin/rabbitmq-server";

    public static ServerPair AddLocalProcesses(
        this IDistributedApplicationBuilder builder, AppHostSettings settings, KeptSecrets secrets)
    {
        var folder = settings.DataFolder;
        var (broker, brokerServer) = builder.AddRabbitMqProcess(Path.Combine(folder, "rabbitmq"), secrets);
        var postgres = builder.AddPostgresProcess("postgres", folder, settings.ArchiveFolder, secrets);
        return new(
            postgres, broker, brokerServer,
            settings.SandboxApart ? builder.AddPostgresProcess("postgres-outside", folder, null, secrets) : null);
    }

    private static PostgresServer AddPostgresProcess(
        this IDistributedApplicationBuilder builder, string name, string folder, string? archive, KeptSecrets secrets)
    {
        var password = secrets.Password("postgres-superuser");
        var port = FreePorts.Next();
        var resource = builder.AddExecutable(name, Script(builder, "postgres-server"), builder.AppHostDirectory)
            .WithArgs(NewestPostgres(), Path.Combine(folder, name), $"{port}", "-c", $"max_connections={Servers.MaxPostgresConnections}")
            .WithEnvironment("POSTGRES_PASSWORD", password)
            .WithEndpoint(port: port, targetPort: port, scheme: "tcp", name: "tcp", isProxied: false);
        if (archive is not null)
        {
            resource.WithArgs(
                "-c", "archive_mode=on", "-c", "archive_timeout=60", "-c",
                $"archive_command={Script(builder, "../../deploy/backup/archive-wal")} %p {archive}/%f");
        }

        var server = new PostgresServer(builder, resource, AddressOf(resource, $"Host=", ";Port="), password, secrets);
        resource.WithReadiness($"{name}-accepts", async cancellationToken =>
        {
            await using var connection = new NpgsqlConnection(await server.SuperuserAsync(cancellationToken));
            await connection.OpenAsync(cancellationToken);
        });
        return server;
    }

    private static (IResourceBuilder<IResourceWithConnectionString>, IResourceBuilder<IResource>) AddRabbitMqProcess(
        this IDistributedApplicationBuilder builder, string data, KeptSecrets secrets)
    {
        if (!File.Exists(RabbitMqServer))
        {
            throw new SetupException("RabbitMQ is not installed, and no container engine answers. ./run installs it.");
        }

        var password = secrets.Password("rabbitmq");
        var port = FreePorts.Next();
        var resource = builder.AddExecutable("rabbitmq", Script(builder, "rabbitmq-server"), builder.AppHostDirectory)
            .WithArgs(data, $"{port}", $"{FreePorts.Next()}", $"{FreePorts.Next()}")
            .WithEnvironment("RABBITMQ_USER", "ardorqr")
            .WithEnvironment("RABBITMQ_PASSWORD", password)
            .WithEndpoint(port: port, targetPort: port, scheme: "tcp", name: "tcp", isProxied: false);
        var uri = AddressOf(resource, $"amqp://ardorqr:{password}@", ":");
        resource.WithReadiness("rabbitmq-accepts", async cancellationToken =>
        {
            var factory = new ConnectionFactory { Uri = new((await uri.GetValueAsync(cancellationToken))!) };
            await using var connection = await factory.CreateConnectionAsync("readiness", cancellationToken);
        });
        return (builder.AddConnectionString("broker", uri), resource);
    }

    private static ReferenceExpression AddressOf(
        IResourceBuilder<ExecutableResource> resource, string beforeHost, string beforePort)
    {
        var endpoint = resource.GetEndpoint("tcp");
        var (host, port) = (endpoint.Property(EndpointProperty.IPV4Host), endpoint.Property(EndpointProperty.Port));
        return ReferenceExpression.Create($"{beforeHost}{host}{beforePort}{port}");
    }

    /// <summary>Ready when the check stops throwing.</summary>
    private static void WithReadiness(
        this IResourceBuilder<ExecutableResource> resource, string name, Func<CancellationToken, Task> check)
    {
        resource.ApplicationBuilder.Services.AddHealthChecks().AddAsyncCheck(name, async cancellationToken =>
        {
            try
            {
                await check(cancellationToken);
                return HealthCheckResult.Healthy();
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                return HealthCheckResult.Unhealthy(exception.Message);
            }
        });
        resource.WithHealthCheck(name);
    }

    private static string Script(IDistributedApplicationBuilder builder, string name) =>
        Path.Combine(builder.AppHostDirectory, "Infrastructure", name);

    private static string NewestPostgres()
    {
        var newest = Directory.Exists(PostgresVersions)
            ? Directory.GetDirectories(PostgresVersions)
                .Select(Path.GetFileName)
                .Select(name => int.TryParse(name, CultureInfo.InvariantCulture, out var version) ? version : 0)
                .Where(version => version >= OldestPostgres && File.Exists($"{PostgresVersions}/{version}/bin/initdb"))
                .DefaultIfEmpty()
                .Max()
            : 0;
        return newest > 0
            ? $"{PostgresVersions}/{newest}/bin"
            : throw new SetupException(
                $"PostgreSQL {OldestPostgres} or newer is not installed, and no container engine answers. "
                + "./run installs it.");
    }
}
