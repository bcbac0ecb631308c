using System.Globalization;
using ArdorQr.AppHost.Infrastructure;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Hosting;

namespace ArdorQr.AppHost;

/// <summary>
/// The services. Each is added twice: as <c>{name}-migrate</c>, which prepares its database and queues and exits, and as
/// itself, started when all migrations are through.
/// </summary>
internal sealed class ServiceSet(IDistributedApplicationBuilder builder, ServerPair servers, KeptSecrets secrets)
{
    public const string MigrationSuffix = "-migrate";
    public const string OperatorToken = "operator-token";

    private const string Gateway = "gateway";

    private readonly IdentityKeys _identity = new(secrets);
    private readonly List<IResourceBuilder<ProjectResource>> _migrations = [];
    private readonly List<IResourceBuilder<ProjectResource>> _services = [];

    public string GatewayUrl => UrlOf(Gateway);

    public string OperatorUrl => UrlOf(Gateway, "operator");

    /// <summary>Of the services behind the gateway.</summary>
    public IEnumerable<string> InnerUrls =>
        _services.Select(service => service.Resource.Name).Where(name => name != Gateway).Select(name => UrlOf(name));

    /// <summary>The address once it is started.</summary>
    public string UrlOf(string service, string endpoint = "http") =>
        _services.Single(candidate => candidate.Resource.Name == service).GetEndpoint(endpoint).Url;

    public IResourceBuilder<ProjectResource> Add<TProject>(string name)
        where TProject : IProjectMetadata, new() =>
        AddService<TProject>(name).WithHttpEndpoint();

    /// <summary>
    /// The Gateway listens itself, on ports known beforehand, not behind Aspire's proxy: by the port it knows what is
    /// public and what is the operators'.
    /// </summary>
    public IResourceBuilder<ProjectResource> AddGateway<TProject>(AppHostSettings settings)
        where TProject : IProjectMetadata, new() =>
        AddService<TProject>(Gateway)
            .WithHttpEndpoint(settings.GatewayPort, settings.GatewayPort, "http", isProxied: false)
            .WithHttpEndpoint(settings.OperatorPort, settings.OperatorPort, "operator", isProxied: false)
            .WithEnvironment("Gateway__OperatorPort", settings.OperatorPort.ToString(CultureInfo.InvariantCulture))
            .WithEnvironment("Operator__Token", secrets.Password(OperatorToken));

    /// <summary>
    /// The queues and bindings of every service exist before the first event is published: an event that finds no queue
    /// would otherwise wait for a second try.
    /// </summary>
    public void StartAfterAllMigrations()
    {
        foreach (var service in _services)
        {
            _migrations.ForEach(migration => service.WaitForCompletion(migration));
            _identity.GiveTo(service, _services.Select(issuer => issuer.Resource.Name));
        }

        foreach (var migration in _migrations)
        {
            _identity.GiveTo(migration, _services.Select(issuer => issuer.Resource.Name));
        }
    }

    private IResourceBuilder<ProjectResource> AddService<TProject>(string name)
        where TProject : IProjectMetadata, new()
    {
        var database = servers.Postgres.AddDatabase(name);
        _migrations.Add(AddProcess<TProject>($"{name}{MigrationSuffix}", name, database)
            .WithArgs("migrate")
            .WithReference(database.Owner, $"{name}-owner"));

        var service = AddProcess<TProject>(name, name, database).WithHttpHealthCheck("/health/ready");
        _services.Add(service);
        return service;
    }

    private IResourceBuilder<ProjectResource> AddProcess<TProject>(string resource, string service, ServiceDatabase database)
        where TProject : IProjectMetadata, new() =>
        builder.AddProject<TProject>(resource, options => options.ExcludeLaunchProfile = true)
            .WithEnvironment("ASPNETCORE_ENVIRONMENT", builder.Environment.EnvironmentName)
            .WithEnvironment("DOTNET_ENVIRONMENT", builder.Environment.EnvironmentName)
            // A stopping service hands its last telemetry to a dashboard that may be gone already: it must not wait long.
            .WithEnvironment("OTEL_EXPORTER_OTLP_TIMEOUT", "1000")
            .WithReference(database.Application, service)
            .WithReference(servers.Broker, "broker")
            .WaitFor(servers.Postgres.Resource)
            .WaitFor(servers.BrokerServer);
}
