using MassTransit;
using Microsoft.Extensions.DependencyInjection;

namespace ArdorQr.Testing;

/// <summary>MassTransit's in-memory harness, patient enough for the outbox's relay on a busy machine.</summary>
public static class TestHarness
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan InactivityTimeout = TimeSpan.FromSeconds(20);

    public static void AddTestHarness(this IServiceCollection services) =>
        services.AddMassTransitTestHarness(bus => bus.SetTestTimeouts(Timeout, InactivityTimeout));
}
