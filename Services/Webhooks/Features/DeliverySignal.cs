using System.Threading.Channels;

namespace ArdorQr.Webhooks.Features;

/// <summary>
/// Wakes the dispatcher of this process after a commit that made work for it; many calls are one waking.
/// </summary>
internal sealed class DeliverySignal
{
    private readonly Channel<bool> _wakings = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Wake() => _wakings.Writer.TryWrite(true);

    /// <summary>
    /// Ends at the next waking, at one that came since the last wait, or when <paramref name="longest"/> is over.
    /// </summary>
    public async Task WaitAsync(TimeSpan longest, TimeProvider time, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(longest, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await _wakings.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Nobody called: a time to look all the same.
        }
    }
}
