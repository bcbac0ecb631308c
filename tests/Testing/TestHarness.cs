using MassTransit;
using Microsoft.Extensions.DependencyInjection;

namespace ArdorQr.Testing;

/// <summary>MassTransit's in-memory harness, patient enough for the outbox's relay on a busy machine.</summary>
public static class TestHarness
{
    /// <summary>Both count from the harness's start, which tests of one class share: past them nothing is awaited any more.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan InactivityTimeout = TimeSpan.FromMinutes(3);

    public static void AddTestHarness(this IServiceCollection services) =>
        services.AddMassTransitTestHarness(bus => bus.SetTestTimeouts(Timeout, InactivityTimeout));
}
