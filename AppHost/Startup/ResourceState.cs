using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ArdorQr.AppHost.Startup;

/// <summary>How far one process has come. A migration is ready when it ended well, all else when healthy.</summary>
internal sealed class ResourceState(IResource resource)
{
    public IResource Resource { get; } = resource;

    public CustomResourceSnapshot? Snapshot { get; set; }

    public bool IsReady => IsMigration
        ? HasEnded && Snapshot!.ExitCode == 0
        : IsRunning && Snapshot!.HealthStatus == HealthStatus.Healthy;

    public bool HasFailed =>
        State is var state
        && (state == KnownResourceStates.FailedToStart || state == KnownResourceStates.RuntimeUnhealthy
            || (HasEnded && !(IsMigration && Snapshot!.ExitCode is null or 0)));

    /// <summary>Nothing is asked of it yet.</summary>
    public bool IsWaitingForOthers => string.IsNullOrEmpty(State) || State == KnownResourceStates.Waiting;

    private bool IsMigration => Resource.Name.EndsWith(ServiceSet.MigrationSuffix, StringComparison.Ordinal);

    private bool IsRunning => State == KnownResourceStates.Running;

    private bool HasEnded =>
        KnownResourceStates.TerminalStates.Contains(State) && State != KnownResourceStates.FailedToStart;

    private string? State => Snapshot?.State?.Text;

    public override string ToString() =>
        Snapshot?.ExitCode is { } code and not 0 ? $"{Resource.Name} (exit code {code})"
        : HasFailed ? $"{Resource.Name} ({State})"
        : Resource.Name;
}
