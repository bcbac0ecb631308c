using System.Globalization;
using ArdorQr.AppHost.Infrastructure;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace ArdorQr.AppHost;

/// <summary>
/// The services. Each is added twice: as <c>{name}-migrate</c>, which prepares its database and queues and exits, and
/// as itself, started when all migrations are through.
/// </summary>
internal sealed class ServiceSet(IDistributedApplicationBuilder builder, ServerPair servers, KeptSecrets secrets)
{
    public const string MigrationSuffix = "-migrate";
    public const string OperatorToken = "operator-token";

    private const string Gateway = "gateway";
    private const string HealthPath = "/health/ready";

    private readonly IdentityKeys _identity = new(secrets);

    /// <summary>Whether each service also serves its metrics for Prometheus, on a loopback port of its own.</summary>
    private readonly bool _servesMetrics = builder.Configuration["Metrics"] is "true";

    /// <summary>Who takes what services export by OTLP over HTTP in the dashboard's place; null: the dashboard does.</summary>
    private readonly string? _collector = builder.Configuration["Collector"];

    private readonly List<IResourceBuilder<ExecutableResource>> _migrations = [];
    private readonly List<IResourceBuilder<ProjectResource>> _services = [];

    public string GatewayUrl => UrlOf(Gateway);

    public string OperatorUrl => UrlOf(Gateway, "operator");

    /// <summary>Of the services behind the gateway.</summary>
    public IEnumerable<string> InnerUrls =>
        _services.Select(service => service.Resource.Name).Where(name => name != Gateway).Select(name => UrlOf(name));

    /// <summary>The address once it is started.</summary>
    public string UrlOf(string service, string endpoint = "http") =>
        _services.Single(candidate => candidate.Resource.Name == service).GetEndpoint(endpoint).Url;

    /// <summary>
    /// A service listens itself, not behind Aspire's proxy: after a service had died, the proxy was seen to take
    /// connections that never reached the restarted one.
    /// </summary>
    public IResourceBuilder<ProjectResource> Add<TProject>(string name)
        where TProject : IProjectMetadata, new()
    {
        var port = FreePorts.Next();
        return AddService<TProject>(name)
            .WithHttpEndpoint(port, port, "http", isProxied: false)
            .WithHttpHealthCheck(HealthPath);
    }

    /// <summary>
    /// The Gateway listens itself, on ports known beforehand, not behind Aspire's proxy: by the port it knows what is
    /// public and what is the operators'.
    /// </summary>
    public IResourceBuilder<ProjectResource> AddGateway<TProject>(AppHostSettings settings)
        where TProject : IProjectMetadata, new() =>
        AddService<TProject>(Gateway)
            .WithHttpEndpoint(settings.GatewayPort, settings.GatewayPort, "http", isProxied: false)
            .WithHttpEndpoint(settings.OperatorPort, settings.OperatorPort, "operator", isProxied: false)
            .WithHttpHealthCheck(HealthPath, endpointName: "operator")
            .WithEnvironment("Gateway__OperatorPort", settings.OperatorPort.ToString(CultureInfo.InvariantCulture))
            .WithEnvironment("Operator__Token", secrets.Password(OperatorToken))
            // Here one person plays every part; elsewhere settlements and large adjustments take two.
            .WithDefault("Operator__SecondOperator", "false")
            .WithLinks();

    /// <summary>
    /// The queues and bindings of every service exist before the first event is published: an event that finds no queue
    /// would otherwise wait for a second try.
    /// </summary>
    public void StartAfterAllMigrations()
    {
        foreach (var service in _services)
        {
            _identity.GiveTo(service, _services.Select(issuer => issuer.Resource.Name));
            _migrations.ForEach(migration => service.WaitForCompletion(migration));
        }
    }

    private IResourceBuilder<ProjectResource> AddService<TProject>(string name)
        where TProject : IProjectMetadata, new()
    {
        var database = servers.PostgresOf(name).AddDatabase(name);
        // The built program itself: "dotnet run", as Aspire starts a project, costs seconds for one that soon exits.
        var program = ProgramOf(new TProject());
        var folder = Path.GetDirectoryName(program)!;
        var migration = builder.AddExecutable($"{name}{MigrationSuffix}", program, folder, "migrate")
            .WithIconName("DatabaseArrowUp");
        _migrations.Add(Equip(migration, name, database).WithReference(database.Owner, $"{name}-owner"));

        var service = builder.AddProject<TProject>(name, options => options.ExcludeLaunchProfile = true);
        _services.Add(service);
        if (_servesMetrics)
        {
            service.WithEnvironment("Telemetry__MetricsHost", "127.0.0.1")
                .WithEnvironment("Telemetry__MetricsPort", FreePorts.Next().ToString(CultureInfo.InvariantCulture));
        }

        if (_collector is { Length: > 0 })
        {
            service.WithEnvironment("OTEL_EXPORTER_OTLP_ENDPOINT", _collector)
                .WithEnvironment("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        }

        migration.WithParentRelationship(service);
        return Equip(service, name, database);
    }

    /// <summary>What a service and its migration both need.</summary>
    private IResourceBuilder<TProcess> Equip<TProcess>(
        IResourceBuilder<TProcess> process, string service, ServiceDatabase database)
        where TProcess : IResourceWithEnvironment, IResourceWithWaitSupport =>
        process
            .WithEnvironment("ASPNETCORE_ENVIRONMENT", builder.Environment.EnvironmentName)
            .WithEnvironment("DOTNET_ENVIRONMENT", builder.Environment.EnvironmentName)
            // A stopping service hands its last telemetry to a dashboard that may be gone: it must not wait long.
            .WithEnvironment("OTEL_EXPORTER_OTLP_TIMEOUT", "1000")
            .WithReference(database.Application, service)
            .WithReference(servers.Broker, "broker")
            .WithEnvironment(AddRecovery)
            .WaitFor(servers.PostgresOf(service).Resource)
            .WaitFor(servers.BrokerServer);

    /// <summary>After a restore every service has the same <c>Recovery:</c> settings, which are given to the start.</summary>
    private void AddRecovery(EnvironmentCallbackContext context)
    {
        foreach (var setting in builder.Configuration.GetSection("Recovery").GetChildren())
        {
            context.EnvironmentVariables[$"Recovery__{setting.Key}"] = setting.Value ?? "";
        }
    }

    /// <summary>Built with the same configuration and for the same framework as this program.</summary>
    private static string ProgramOf(IProjectMetadata project)
    {
        var own = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        var output = own.Split(Path.DirectorySeparatorChar)[^3..]; // bin, configuration, framework.
        var path = project.ProjectPath;
        return Path.Combine([Path.GetDirectoryName(path)!, .. output, Path.GetFileNameWithoutExtension(path)]);
    }
}
