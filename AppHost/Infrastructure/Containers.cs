using System.Security.Cryptography;
using Aspire.Hosting.ApplicationModel;

namespace ArdorQr.AppHost.Infrastructure;

/// <summary>PostgreSQL and RabbitMQ as Aspire's containers, with volumes that survive a restart.</summary>
internal static class Containers
{
    private const int VolumeIdBytes = 4;

    public static ServerPair AddContainers(this IDistributedApplicationBuilder builder, KeptSecrets secrets)
    {
        // The volumes' names are kept with the passwords that open them: wiping the folder leaves no locked data behind
        // the same name, and two data folders never share a volume.
        var volumes = secrets.Get(
            "container-volumes",
            () => $"ardorqr-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(VolumeIdBytes))}");
        var (broker, brokerServer) = builder.AddRabbitMqContainer($"{volumes}-rabbitmq", secrets);
        return new(builder.AddPostgresContainer($"{volumes}-postgres", secrets), broker, brokerServer);
    }

    private static PostgresServer AddPostgresContainer(
        this IDistributedApplicationBuilder builder, string volume, KeptSecrets secrets)
    {
        var password = secrets.Password("postgres-superuser");
        var parameter = builder.AddParameter("postgres-password", password, secret: true);
        var resource = builder.AddPostgres("postgres", password: parameter)
            .WithArgs("-c", $"max_connections={Servers.MaxPostgresConnections}")
            .WithDataVolume(volume);
        var endpoint = resource.Resource.PrimaryEndpoint;
        var address = ReferenceExpression.Create(
            $"Host={endpoint.Property(EndpointProperty.Host)};Port={endpoint.Property(EndpointProperty.Port)}");
        return new(builder, resource, address, password, secrets);
    }

    private static (IResourceBuilder<IResourceWithConnectionString>, IResourceBuilder<IResource>) AddRabbitMqContainer(
        this IDistributedApplicationBuilder builder, string volume, KeptSecrets secrets)
    {
        var user = builder.AddParameter("rabbitmq-user", "ardorqr");
        var password = builder.AddParameter("rabbitmq-password", secrets.Password("rabbitmq"), secret: true);
        var resource = builder.AddRabbitMQ("rabbitmq", user, password).WithDataVolume(volume);
        return (resource, resource);
    }
}
