using System.Threading.Channels;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.Webhooks.Database;

namespace ArdorQr.Webhooks.Features;

/// <summary>
/// Group commit: what was finished while the last batch was being committed is recorded together in the next one, so
/// that a thousand deliveries a second cost some tens of commits.
/// </summary>
internal sealed class RecordAttempts : IAsyncDisposable
{
    private const int MaxBatch = 500;
    private const int MaxQueued = 2_000;
    private const int MaxRetries = 10; // They fit into what the lease leaves after the longest attempt.

    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(2);

    private readonly AttemptRecords _records;
    private readonly TimeProvider _time;
    private readonly Channel<Pending> _queue =
        Channel.CreateBounded<Pending>(new BoundedChannelOptions(MaxQueued) { SingleReader = true });

    private readonly Task _writing;

    public RecordAttempts(AttemptRecords records, TimeProvider time)
    {
        (_records, _time) = (records, time);
        _writing = Task.Run(WriteAsync);
    }

    private sealed record Pending(FinishedAttempt Attempt, TaskCompletionSource<bool> Recorded);

    /// <summary>Ends when the attempt is committed; false if its lease was lost.</summary>
    public async Task<bool> AddAsync(FinishedAttempt attempt, CancellationToken cancellationToken)
    {
        var pending = new Pending(
            attempt, new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously));
        await _queue.Writer.WriteAsync(pending, cancellationToken);
        return await pending.Recorded.Task;
    }

    /// <summary>What was queued is recorded first.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _writing;
    }

    private async Task WriteAsync()
    {
        while (await _queue.Reader.WaitToReadAsync())
        {
            var batch = new List<Pending>();
            while (batch.Count < MaxBatch && _queue.Reader.TryRead(out var pending))
            {
                batch.Add(pending);
            }

            await RecordAsync(batch);
        }
    }

    /// <summary>One that can't be recorded must not keep the others from it: a failed batch is halved.</summary>
    private async Task RecordAsync(List<Pending> batch)
    {
        try
        {
            var recorded = await CommitAsync([.. batch.Select(pending => pending.Attempt)]);
            batch.ForEach(pending => pending.Recorded.SetResult(recorded.Contains(pending.Attempt.Claim.Id)));
        }
        catch (Exception exception) when (batch.Count == 1 || Transient.Is(exception))
        {
            batch.ForEach(pending => pending.Recorded.SetException(exception)); // Their leases run out.
        }
        catch
        {
            await RecordAsync(batch[..(batch.Count / 2)]);
            await RecordAsync(batch[(batch.Count / 2)..]);
        }
    }

    /// <summary>
    /// The merchants have it already: a database that is away for a moment must not make us send it again.
    /// </summary>
    private async Task<IReadOnlySet<Guid>> CommitAsync(IReadOnlyList<FinishedAttempt> attempts)
    {
        for (var left = MaxRetries; ; left--)
        {
            try
            {
                return await _records.AddAsync(attempts, CancellationToken.None);
            }
            catch (Exception exception) when (left > 0 && Transient.Is(exception))
            {
                await Task.Delay(RetryPause, _time);
            }
        }
    }
}
