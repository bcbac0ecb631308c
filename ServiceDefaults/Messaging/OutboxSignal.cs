using System.Threading.Channels;

namespace ArdorQr.ServiceDefaults.Messaging;

/// <summary>
/// Carries committed events from the transaction to the dispatcher in memory. It is bounded: what doesn't fit stays in
/// the database for the relay.
/// </summary>
public sealed class OutboxSignal
{
    internal const int MaxQueued = 2_000;

    private readonly Channel<OutboxMessage> _fresh = Channel.CreateBounded<OutboxMessage>(
        new BoundedChannelOptions(MaxQueued) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    internal ChannelReader<OutboxMessage> Fresh => _fresh.Reader;

    internal void Committed(IEnumerable<OutboxMessage> messages)
    {
        foreach (var message in messages)
        {
            _fresh.Writer.TryWrite(message);
        }
    }
}
