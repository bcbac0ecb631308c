using System.Net.Http.Json;
using System.Text.Json;
using ArdorQr.Testing;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>The whole system as <c>./run</c> starts it, by its AppHost, on data of its own.</summary>
public sealed partial class RunningSystem : IAsyncLifetime
{
    /// <summary>What changed less long ago is in flight to the reconciliation.</summary>
    public const int MarginSeconds = 3;

    private const int StartTimeoutSeconds = 300;
    private const int ChangeTimeoutSeconds = 180;

    private static readonly string[] Servers = ["postgres", "rabbitmq"];
    private static readonly string[] Services = ["ledger", "deposits", "payments", "webhooks", "sandbox", "gateway"];

    private readonly string _folder;
    private readonly string[] _settings;
    private readonly bool _ownsFolder;
    private DistributedApplication? _app;

    private readonly TelemetryCollector _collector = new();

    /// <summary>Every line that the services and servers have written so far.</summary>
    internal ResourceLogs Logs { get; } = new();

    /// <summary>What the services have exported so far: traces, metrics and logs as they went over the wire.</summary>
    internal TelemetryCollector Collector => _collector;

    internal static IReadOnlyList<string> ServiceNames => Services;

    private DistributedApplication App => _app ?? throw new InvalidOperationException("The system isn't started.");

    public RunningSystem()
        : this(Directory.CreateTempSubdirectory("ardorqr-e2e-").FullName, []) => _ownsFolder = true;

    /// <param name="folder">Its data's, which is left behind.</param>
    /// <param name="settings">More of the AppHost's arguments.</param>
    internal RunningSystem(string folder, string[] settings) => (_folder, _settings) = (folder, settings);

    private string FaultsFolder => Path.Combine(_folder, "faults");

    public async ValueTask InitializeAsync()
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_folder, (UnixFileMode)0b111_101_101); // PostgreSQL's account must pass through.
        }

        Directory.CreateDirectory(FaultsFolder);
        Environment.SetEnvironmentVariable("Faults__Folder", FaultsFolder); // Services inherit the AppHost's environment.
        // A service that dies is back within them on a busy machine; the cut-off counts from the intent.
        Environment.SetEnvironmentVariable("Payments__CutOffSeconds", "40");
        Environment.SetEnvironmentVariable("Payments__ReviewSeconds", "60");
        Environment.SetEnvironmentVariable("Reconciliation__MarginSeconds", $"{MarginSeconds}");
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(StartTimeoutSeconds));
        await _collector.StartAsync(timeout.Token);
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.ArdorQr_AppHost>(
            [
                "GatewayPort=0", "OperatorPort=0", "Infrastructure=local", "Metrics=true",
                $"DataFolder={_folder}/data", $"Collector={_collector.Address}", .. _settings,
            ],
            timeout.Token);
        builder.Services.AddLogging(logging => logging
            .AddFilter("Aspire", LogLevel.Warning)
            .AddProvider(Logs)
            // That what was killed on purpose is unhealthy is no news.
            .AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None));
        _app = await builder.BuildAsync(timeout.Token);
        await _app.StartAsync(timeout.Token);
        foreach (var service in Services)
        {
            await HealthyAsync(service, timeout.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        await _collector.DisposeAsync();
        if (_ownsFolder)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    /// <summary>A client of the public API, without a key; each answer is held to the contract.</summary>
    public HttpClient CreateClient() => new(new ContractHandler()) { BaseAddress = App.GetEndpoint("gateway", "http") };

    /// <summary>Whatever an earlier test left: no fault is armed, and all runs and is healthy.</summary>
    public async Task RestoreAsync(CancellationToken cancellationToken)
    {
        foreach (var armed in Directory.GetFiles(FaultsFolder))
        {
            File.Delete(armed);
        }

        foreach (var resource in Servers.Concat(Services))
        {
            if (await HasEndedAsync(resource, cancellationToken))
            {
                await StartAsync(resource, cancellationToken);
            }
        }
    }

    /// <summary>A client of the operators' API.</summary>
    public async Task<HttpClient> OperatorAsync(CancellationToken cancellationToken)
    {
        var client = new HttpClient { BaseAddress = App.GetEndpoint("gateway", "operator") };
        client.DefaultRequestHeaders.Authorization =
            new("Bearer", await EnvironmentAsync("gateway", "Operator__Token", cancellationToken));
        return client;
    }

    /// <summary>A client of the sandbox's rail, as Payments is one.</summary>
    public async Task<HttpClient> RailAsync(CancellationToken cancellationToken)
    {
        var client = new HttpClient { BaseAddress = new Uri(App.GetEndpoint("sandbox", "http"), "/rail/v1/") };
        client.DefaultRequestHeaders.Authorization =
            new("Bearer", await EnvironmentAsync("sandbox", "Sandbox__RailToken", cancellationToken));
        return client;
    }

    /// <summary>The superuser's connection string to a database of the restorable server.</summary>
    public Task<string> SuperuserConnectionStringAsync(string database, CancellationToken cancellationToken) =>
        EnvironmentAsync($"{database}-migrate", $"ConnectionStrings__{database}-owner", cancellationToken);

    public async Task<JsonElement> RegisterMerchantAsync(string name, CancellationToken cancellationToken)
    {
        using var client = await OperatorAsync(cancellationToken);
        JsonElement? registered = null;
        await Eventually.TrueAsync(async () =>
        {
            using var response = await client.PostAsJsonAsync("/operator/merchants", new { name }, cancellationToken);
            registered = response.IsSuccessStatusCode ? await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken) : null;
            return registered is not null;
        }, cancellationToken);
        return registered!.Value;
    }

    /// <summary>A service's database, as one reaches it who may do everything: to plant what no service would write.</summary>
    public async Task<NpgsqlConnection> DatabaseAsync(string service, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(
            await EnvironmentAsync($"{service}-migrate", $"ConnectionStrings__{service}-owner", cancellationToken));
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    /// <summary>A client of the sandbox's faucet, which sends what a test orders and makes the chain's index fail.</summary>
    public async Task<HttpClient> FaucetAsync(CancellationToken cancellationToken)
    {
        var client = new HttpClient { BaseAddress = new Uri(App.GetEndpoint("sandbox", "http"), "/faucet/v1/") };
        client.DefaultRequestHeaders.Authorization = new("Bearer", await EnvironmentAsync("sandbox", "Sandbox__FaucetToken", cancellationToken));
        return client;
    }

    /// <summary>The next time that a service reaches this point, it dies there for good.</summary>
    public void Arm(string point) => File.WriteAllText(Path.Combine(FaultsFolder, point), "");

    public bool IsArmed(string point) => File.Exists(Path.Combine(FaultsFolder, point));

    /// <summary>Waits until the service has died, and starts it again.</summary>
    public async Task RestartAfterDeathAsync(string resource, CancellationToken cancellationToken)
    {
        await EndedAsync(resource, cancellationToken);
        await StartAsync(resource, cancellationToken);
    }

    /// <summary>
    /// Aspire's command waits less than a busy server may need for a clean stop, and then fails while the stop goes on:
    /// what counts is that the server ends.
    /// </summary>
    public async Task StopAsync(string resource, CancellationToken cancellationToken)
    {
        await App.ResourceCommands.ExecuteCommandAsync(resource, KnownResourceCommands.StopCommand, cancellationToken);
        await EndedAsync(resource, cancellationToken);
    }

    public async Task StartAsync(string resource, CancellationToken cancellationToken)
    {
        var result = await App.ResourceCommands.ExecuteCommandAsync(
            resource, KnownResourceCommands.StartCommand, cancellationToken);
        Assert.True(result.Success, $"start of {resource}: {result.Message}");
        await HealthyAsync(resource, cancellationToken);
    }

    /// <summary>What a service's Prometheus exporter answers now.</summary>
    internal async Task<string> MetricsAsync(string service, CancellationToken cancellationToken)
    {
        using var client = new HttpClient();
        var port = await MetricsPortAsync(service, cancellationToken);
        return await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics"), cancellationToken);
    }

    internal Task<string> MetricsPortAsync(string service, CancellationToken cancellationToken) =>
        EnvironmentAsync(service, "Telemetry__MetricsPort", cancellationToken);

#pragma warning disable ASPIREINTERACTION001 // Forms for commands; experimental in this version of Aspire.
    /// <summary>Presses a button of the dashboard with its form filled in; returns its answer, and whether it went well.</summary>
    public async Task<(bool Succeeded, string Answer)> PressAsync(
        string resource, string command, CancellationToken cancellationToken, params (string Name, string Value)[] form)
    {
        var inputs = form.Select(field => new InteractionInput { Name = field.Name, InputType = InputType.Text, Value = field.Value }).ToList();
        var result = await App.ResourceCommands.ExecuteCommandAsync(
            resource, command, new InteractionInputCollection(inputs), cancellationToken);
        return (result.Success, result.Data?.Value ?? result.Message ?? "");
    }
#pragma warning restore ASPIREINTERACTION001

    /// <summary>Decided once it is: what still starts becomes healthy, what still stops ends.</summary>
    private async Task<bool> HasEndedAsync(string resource, CancellationToken cancellationToken)
    {
        var decided = await App.ResourceNotifications.WaitForResourceAsync(
            resource, now => HasEnded(now) || IsHealthy(now), cancellationToken)
            .WaitAsync(TimeSpan.FromSeconds(StartTimeoutSeconds), cancellationToken);
        return HasEnded(decided);
    }

    private static bool HasEnded(ResourceEvent resource) =>
        KnownResourceStates.TerminalStates.Contains(resource.Snapshot.State?.Text);

    private static bool IsHealthy(ResourceEvent resource) =>
        resource.Snapshot.State?.Text == KnownResourceStates.Running && resource.Snapshot.HealthStatus == HealthStatus.Healthy;

    /// <summary>
    /// Just after a start command the resource may still be shown as ended, for a moment: that is not a failed start.
    /// </summary>
    private async Task HealthyAsync(string resource, CancellationToken cancellationToken) =>
        await App.ResourceNotifications
            .WaitForResourceHealthyAsync(resource, WaitBehavior.WaitOnResourceUnavailable, cancellationToken)
            .WaitAsync(TimeSpan.FromSeconds(StartTimeoutSeconds), cancellationToken);

    private async Task EndedAsync(string resource, CancellationToken cancellationToken) =>
        await App.ResourceNotifications.WaitForResourceAsync(resource, KnownResourceStates.TerminalStates, cancellationToken)
            .WaitAsync(TimeSpan.FromSeconds(ChangeTimeoutSeconds), cancellationToken);

    private async Task<string> EnvironmentAsync(string resource, string name, CancellationToken cancellationToken) =>
        (await EnvironmentAsync(resource, cancellationToken)).Single(variable => variable.Key == name).Value;

    /// <summary>All that a service or its migration is started with.</summary>
    internal async Task<IReadOnlyList<KeyValuePair<string, string>>> EnvironmentAsync(
        string resource, CancellationToken cancellationToken)
    {
        var model = App.Services.GetRequiredService<DistributedApplicationModel>();
        var service = (IResourceWithEnvironment)model.Resources.Single(candidate => candidate.Name == resource);
        var configuration = await ExecutionConfigurationBuilder.Create(service).WithEnvironmentVariablesConfig()
            .BuildAsync(App.Services.GetRequiredService<DistributedApplicationExecutionContext>(), cancellationToken: cancellationToken);
        return [.. configuration.EnvironmentVariables];
    }
}

/// <summary>All end-to-end tests share one running system; each has merchants of its own.</summary>
[CollectionDefinition(Name)]
public sealed class OneSystem : ICollectionFixture<RunningSystem>
{
    public const string Name = "the running system";
}
