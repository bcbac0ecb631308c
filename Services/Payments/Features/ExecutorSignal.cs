using System.Threading.Channels;

namespace ArdorQr.Payments.Features;

/// <summary>Wakes the executor of this process when something has become due, ahead of its next poll.</summary>
internal sealed class ExecutorSignal
{
    // One mark is enough: the executor takes all that is due.
    private readonly Channel<bool> _marks = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Wake() => _marks.Writer.TryWrite(true);

    /// <summary>Returns on the next mark, or after <paramref name="longest"/>.</summary>
    public async Task WaitAsync(TimeSpan longest, TimeProvider time, CancellationToken cancellationToken)
    {
        using var poll = new CancellationTokenSource(longest, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(poll.Token, cancellationToken);
        try
        {
            await _marks.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Nothing woke us: time to look anyway.
        }
    }
}
