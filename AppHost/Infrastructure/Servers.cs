using Aspire.Hosting.ApplicationModel;

namespace ArdorQr.AppHost.Infrastructure;

/// <summary>PostgreSQL and RabbitMQ, alike for consumers wherever they run.</summary>
internal static class Servers
{
    /// <summary>Six services, each with its pool and its migration, and somebody who looks at the data.</summary>
    public const int MaxPostgresConnections = 300;

    public static ServerPair AddServers(
        this IDistributedApplicationBuilder builder, AppHostSettings settings, KeptSecrets secrets) =>
        settings.Infrastructure == InfrastructureKind.Containers
            ? builder.AddContainers(secrets)
            : builder.AddLocalProcesses(settings, secrets);
}

/// <summary>The two servers that services keep their state in.</summary>
/// <param name="Postgres">The database server, with a database for each service that asked for one.</param>
/// <param name="Broker">The connection to the broker, an amqp URI.</param>
/// <param name="BrokerServer">What runs the broker.</param>
/// <param name="Outside">Another database server, of the sandbox, where it has one of its own.</param>
internal sealed record ServerPair(
    PostgresServer Postgres,
    IResourceBuilder<IResourceWithConnectionString> Broker,
    IResourceBuilder<IResource> BrokerServer,
    PostgresServer? Outside = null)
{
    /// <summary>Where a service's database is.</summary>
    public PostgresServer PostgresOf(string service) => service == "sandbox" ? Outside ?? Postgres : Postgres;
}
