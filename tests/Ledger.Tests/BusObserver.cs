using System.Collections.Concurrent;
using System.Threading.Channels;
using MassTransit;

namespace ArdorQr.Ledger.Tests;

/// <summary>
/// Sees each delivery end and each event leave. The harness's own lists tell repetitions of an id apart from nothing,
/// and repetitions are what these tests are about.
/// </summary>
internal sealed class BusObserver : IConsumeObserver, IPublishObserver
{
    private readonly ConcurrentDictionary<Guid, TaskCompletionSource<Exception?>> _deliveries = [];
    private readonly ConcurrentDictionary<Type, Channel<object>> _published = [];

    /// <summary>The end of the delivery with this message id: null, or the consumer's exception.</summary>
    public Task<Exception?> EndOf(Guid messageId) => Delivery(messageId).Task;

    /// <summary>The events of a type in the order of their leaving, repetitions included.</summary>
    public ChannelReader<object> Published<TEvent>() => Leaving(typeof(TEvent)).Reader;

    public Task PreConsume<T>(ConsumeContext<T> context)
        where T : class => Task.CompletedTask;

    public Task PostConsume<T>(ConsumeContext<T> context)
        where T : class
    {
        Delivery(context.MessageId!.Value).TrySetResult(null);
        return Task.CompletedTask;
    }

    public Task ConsumeFault<T>(ConsumeContext<T> context, Exception exception)
        where T : class
    {
        Delivery(context.MessageId!.Value).TrySetResult(exception);
        return Task.CompletedTask;
    }

    public Task PrePublish<T>(PublishContext<T> context)
        where T : class => Task.CompletedTask;

    public Task PostPublish<T>(PublishContext<T> context)
        where T : class
    {
        Leaving(typeof(T)).Writer.TryWrite(context.Message);
        return Task.CompletedTask;
    }

    public Task PublishFault<T>(PublishContext<T> context, Exception exception)
        where T : class => Task.CompletedTask;

    private TaskCompletionSource<Exception?> Delivery(Guid messageId) =>
        _deliveries.GetOrAdd(messageId, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));

    private Channel<object> Leaving(Type type) => _published.GetOrAdd(type, _ => Channel.CreateUnbounded<object>());
}
