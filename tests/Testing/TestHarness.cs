using MassTransit;
using MassTransit.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace ArdorQr.Testing;

/// <summary>MassTransit's in-memory harness, patient enough for the outbox's relay on a busy machine.</summary>
public static class TestHarness
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan InactivityTimeout = TimeSpan.FromSeconds(20);

    public static void AddTestHarness(this IServiceCollection services) =>
        services.AddMassTransitTestHarness(bus => bus.SetTestTimeouts(Timeout, InactivityTimeout));

    /// <summary>
    /// Publishes a message and waits until it was consumed well. The harness's own lists aren't waited for once it was idle
    /// for a while, which tests that share one can't help.
    /// </summary>
    public static async Task PublishConsumedAsync<T>(
        this ITestHarness harness, T message, Guid messageId, CancellationToken cancellationToken)
        where T : class
    {
        var consumption = new Consumption<T>(messageId);
        using var observing = harness.Bus.ConnectConsumeMessageObserver(consumption);
        await harness.Bus.Publish(message, context => context.MessageId = messageId, cancellationToken);
        await consumption.Done.WaitAsync(Timeout, cancellationToken);
    }

    private sealed class Consumption<T>(Guid messageId) : IConsumeMessageObserver<T>
        where T : class
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Done => _done.Task;

        public Task PreConsume(ConsumeContext<T> context) => Task.CompletedTask;

        public Task PostConsume(ConsumeContext<T> context)
        {
            if (context.MessageId == messageId)
            {
                _done.TrySetResult();
            }

            return Task.CompletedTask;
        }

        public Task ConsumeFault(ConsumeContext<T> context, Exception exception) => Task.CompletedTask; // It is tried again.
    }
}
