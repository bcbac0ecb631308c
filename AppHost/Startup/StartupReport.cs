using ArdorQr.AppHost.Infrastructure;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ArdorQr.AppHost.Startup;

/// <summary>
/// Says on the console, in lines that begin with <c>status:</c>, what the start waits for and why it failed. When all
/// is healthy, registers the demo merchant and writes the addresses and keys to the file for shells.
/// </summary>
internal sealed class StartupReport(
    ResourceNotificationService notifications, ResourceLoggerService logs, DistributedApplicationModel model,
    DemoMerchant demo, EnvFile envFile) : BackgroundService
{
    public const string Ready = "ready";

    private const int LogLinesOfAFailure = 25;

    private readonly Dictionary<string, ResourceState> _states = model.Resources
        .Where(resource => resource is ProjectResource or ExecutableResource or ContainerResource)
        // Not Aspire's own tools, which are started by hand.
        .Where(resource => !resource.HasAnnotationOfType<ExplicitStartupAnnotation>())
        .ToDictionary(resource => resource.Name, resource => new ResourceState(resource));

    private string _lastStatus = "";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var change in notifications.WatchAsync(stoppingToken))
            {
                if (_states.TryGetValue(change.Resource.Name, out var state))
                {
                    state.Snapshot = change.Snapshot;
                    if (state.HasFailed)
                    {
                        await SayFailureAsync(state, stoppingToken);
                        return;
                    }

                    if (_states.Values.All(other => other.IsReady))
                    {
                        break;
                    }

                    SayProgress();
                }
            }

            Say("registering the demo merchant");
            envFile.Write(await demo.GetAsync(stoppingToken));
            Say(Ready);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopped before it was ready.
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or SetupException)
        {
            Say($"failed: {exception.Message}");
        }
    }

    private void SayProgress()
    {
        var ready = _states.Values.Count(state => state.IsReady);
        var underWay = _states.Values.Where(state => state is { IsReady: false, IsWaitingForOthers: false }).ToList();
        var waiting = underWay.Count > 0 ? $", waiting for {string.Join(", ", underWay)}" : "";
        Say($"{ready} of {_states.Count} are ready{waiting}");
    }

    private async Task SayFailureAsync(ResourceState failed, CancellationToken cancellationToken)
    {
        var lines = new Queue<string>();
        await foreach (var batch in logs.GetAllAsync(failed.Resource).WithCancellation(cancellationToken))
        {
            // The reason, not the stack trace.
            foreach (var line in batch.Where(line => !line.Content.Contains("   at ", StringComparison.Ordinal)))
            {
                lines.Enqueue(line.Content);
                if (lines.Count > LogLinesOfAFailure)
                {
                    lines.Dequeue();
                }
            }
        }

        Console.WriteLine(string.Join(Environment.NewLine, lines.Select(line => $"{failed.Resource.Name}: {line}")));
        Say($"failed: {failed}");
    }

    private void Say(string status)
    {
        if (status != _lastStatus)
        {
            Console.WriteLine($"status: {_lastStatus = status}");
        }
    }
}

internal static class StartupReportRegistration
{
    public static void AddStartupReport(
        this IDistributedApplicationBuilder builder, AppHostSettings settings, KeptSecrets secrets, ServiceSet services)
    {
        // By a factory, so that the host disposes it: it holds the data folder.
        builder.Services.AddSingleton(_ => secrets);
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton(services);
        builder.Services.AddSingleton<DemoMerchant>();
        builder.Services.AddSingleton<EnvFile>();
        // The first to start: the host goes on to the next one only when that one's start is through, and Aspire's own
        // is through only when everything runs.
        builder.Services.Insert(0, ServiceDescriptor.Singleton<IHostedService, StartupReport>());
    }
}
