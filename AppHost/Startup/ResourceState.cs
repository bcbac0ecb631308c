using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ArdorQr.AppHost.Startup;

/// <summary>How far one process of the start has come. A migration is ready when it ended well, all else when healthy.</summary>
internal sealed class ResourceState(IResource resource)
{
    public IResource Resource { get; } = resource;

    public CustomResourceSnapshot? Snapshot { get; set; }

    public bool IsReady => IsMigration ? HasEnded && Snapshot!.ExitCode == 0 : IsRunning && Snapshot!.HealthStatus == HealthStatus.Healthy;

    public bool HasFailed =>
        State is var state && (state == KnownResourceStates.FailedToStart || state == KnownResourceStates.RuntimeUnhealthy
            || (HasEnded && !(IsMigration && Snapshot!.ExitCode is null or 0)));

    private bool IsMigration => Resource.Name.EndsWith(ServiceSet.MigrationSuffix, StringComparison.Ordinal);

    private bool IsRunning => State == KnownResourceStates.Running;

    private bool HasEnded => KnownResourceStates.TerminalStates.Contains(State) && State != KnownResourceStates.FailedToStart;

    private string? State => Snapshot?.State?.Text;

    public override string ToString() =>
        $"{Resource.Name} ({(IsRunning ? "not healthy yet" : State ?? "not started")}{(Snapshot?.ExitCode is { } code and not 0 ? $", exit code {code}" : "")})";
}
