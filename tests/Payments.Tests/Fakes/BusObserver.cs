using System.Collections.Concurrent;
using MassTransit;

namespace ArdorQr.Payments.Tests.Fakes;

/// <summary>Sees every event that leaves and every one that was consumed, and lets a test wait for the next.</summary>
internal sealed class BusObserver : IPublishObserver, IConsumeObserver
{
    private readonly ConcurrentQueue<object> _published = [];
    private readonly ConcurrentQueue<object> _consumed = [];
    private volatile TaskCompletionSource _news = NewSource();

    public IReadOnlyList<T> Published<T>() => [.. _published.OfType<T>()];

    public IReadOnlyList<T> Consumed<T>() => [.. _consumed.OfType<T>()];

    /// <summary>The first event of its kind that left, now or to come.</summary>
    public async Task<T> PublishedAsync<T>(CancellationToken cancellationToken) => (await AtLeastAsync(Published<T>, 1, cancellationToken))[0];

    public Task ConsumedAsync<T>(int count, CancellationToken cancellationToken) => AtLeastAsync(Consumed<T>, count, cancellationToken);

    public Task PostPublish<T>(PublishContext<T> context)
        where T : class =>
        Add(_published, context.Message);

    public Task PostConsume<T>(ConsumeContext<T> context)
        where T : class =>
        Add(_consumed, context.Message);

    public Task PrePublish<T>(PublishContext<T> context)
        where T : class => Task.CompletedTask;

    public Task PublishFault<T>(PublishContext<T> context, Exception exception)
        where T : class => Task.CompletedTask;

    public Task PreConsume<T>(ConsumeContext<T> context)
        where T : class => Task.CompletedTask;

    public Task ConsumeFault<T>(ConsumeContext<T> context, Exception exception)
        where T : class => Task.CompletedTask;

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task<IReadOnlyList<T>> AtLeastAsync<T>(Func<IReadOnlyList<T>> read, int count, CancellationToken cancellationToken)
    {
        for (; ; )
        {
            var news = _news.Task; // Taken before the look: what comes in between wakes us.
            if (read() is { } seen && seen.Count >= count)
            {
                return seen;
            }

            await news.WaitAsync(cancellationToken);
        }
    }

    private Task Add(ConcurrentQueue<object> queue, object message)
    {
        queue.Enqueue(message);
        Interlocked.Exchange(ref _news, NewSource()).SetResult();
        return Task.CompletedTask;
    }
}
