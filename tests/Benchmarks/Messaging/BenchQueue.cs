using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace ArdorQr.Benchmarks.Messaging;

/// <summary>
/// The one quorum queue behind all sides' exchanges and its consumer, which notes when what came and acknowledges it.
/// It is the same for all and does no more than that: what is compared is the sending.
/// </summary>
internal sealed class BenchQueue : IAsyncDisposable
{
    public const ushort Prefetch = 1_000;
    public const int AcknowledgeEvery = 50;

    private const string Name = "bench";

    /// <summary>As MassTransit names and makes it for the event.</summary>
    private const string OurExchange = "ardorqr.payments.payment-completed.v1";

    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    private readonly ConcurrentQueue<Moment> _arrivals = [];
    private readonly IConnection _connection;
    private readonly IChannel _channel;

    private int _arrived;
    private int _unacknowledged;
    private ulong _last;

    private BenchQueue(IConnection connection, IChannel channel) => (_connection, _channel) = (connection, channel);

    public int Arrived => Volatile.Read(ref _arrived);

    /// <summary>Which broker it is, and of which version.</summary>
    public string Server => $"RabbitMQ {Encoding.UTF8.GetString((byte[])_connection.ServerProperties!["version"]!)}";

    /// <summary>A body on the wire, with what the side puts around the event.</summary>
    public int LastBytes { get; private set; }

    public static async Task<BenchQueue> StartAsync(string broker, CancellationToken cancellationToken)
    {
        var connection = await new ConnectionFactory { Uri = new Uri(broker) }.CreateConnectionAsync(cancellationToken);
        var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        await channel.QueueDeclareAsync(
            Name, durable: true, exclusive: false, autoDelete: false,
            new Dictionary<string, object?> { ["x-queue-type"] = "quorum" }, cancellationToken: cancellationToken);
        foreach (var exchange in new[] { OurExchange, RawOutbox.Exchange, WolverineOutbox.Exchange })
        {
            await channel.ExchangeDeclareAsync(
                exchange, RabbitMQ.Client.ExchangeType.Fanout, durable: true, cancellationToken: cancellationToken);
            await channel.QueueBindAsync(Name, exchange, "", cancellationToken: cancellationToken);
        }

        var queue = new BenchQueue(connection, channel);
        await channel.BasicQosAsync(0, Prefetch, global: false, cancellationToken);
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += queue.TakeAsync;
        await channel.BasicConsumeAsync(Name, autoAck: false, consumer, cancellationToken);
        return queue;
    }

    /// <summary>Waits for so many arrivals since they were taken last.</summary>
    /// <exception cref="TimeoutException">They didn't come.</exception>
    public async Task UntilAsync(int count, int timeoutSeconds, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        while (Arrived < count)
        {
            if (Stopwatch.GetElapsedTime(began).TotalSeconds > timeoutSeconds)
            {
                throw new TimeoutException($"{Arrived} of {count} messages came in {timeoutSeconds} s.");
            }

            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>Waits until nothing comes any more.</summary>
    public async Task UntilQuietAsync(CancellationToken cancellationToken)
    {
        for (var before = -1; before != Arrived;)
        {
            before = Arrived;
            await Task.Delay(Quiet, TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>What has come since, in its order; begins anew.</summary>
    public IReadOnlyList<Moment> Take()
    {
        var taken = _arrivals.ToArray();
        _arrivals.Clear();
        Volatile.Write(ref _arrived, 0);
        return taken;
    }

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private async Task TakeAsync(object sender, BasicDeliverEventArgs delivery)
    {
        _arrivals.Enqueue(new Moment(BenchMessage.IdIn(delivery.Body.Span), Stopwatch.GetTimestamp()));
        LastBytes = delivery.Body.Length;
        Interlocked.Increment(ref _arrived);
        _last = delivery.DeliveryTag;
        if (++_unacknowledged >= AcknowledgeEvery)
        {
            _unacknowledged = 0;
            await _channel.BasicAckAsync(_last, multiple: true, delivery.CancellationToken);
        }
    }
}
