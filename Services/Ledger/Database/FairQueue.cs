namespace ArdorQr.Ledger.Database;

/// <summary>
/// What waits for a batch, in a line per merchant; a batch takes one of each line in turn, so that whoever sends
/// thousands delays another's single request by no more than the batch that is under way. Each line keeps its order.
/// Any thread may add; one at a time takes.
/// </summary>
internal sealed class FairQueue<T>
{
    /// <summary>All that may wait.</summary>
    public const int MaxQueued = 10_000;

    /// <summary>What one merchant may have waiting while there is room for others.</summary>
    public const int MaxQueuedPerMerchant = 2_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, Line> _lines = [];
    private readonly Queue<Line> _turns = [];
    private TaskCompletionSource<bool>? _arrival;
    private int _count;
    private bool _isClosed;

    /// <summary>
    /// False when too much waits or the queue is closed. A merchant may have no more waiting than there is free room,
    /// so that those who fill it always leave some to one who has nothing in it.
    /// </summary>
    public bool TryAdd(Guid merchantId, T item)
    {
        TaskCompletionSource<bool>? arrival;
        lock (_gate)
        {
            var line = _lines.GetValueOrDefault(merchantId);
            var limit = Math.Min(MaxQueuedPerMerchant, MaxQueued - _count);
            if (_isClosed || (line?.Items.Count ?? 0) >= limit)
            {
                return false;
            }

            if (line is null)
            {
                line = new Line(merchantId);
                _lines.Add(merchantId, line);
                _turns.Enqueue(line);
            }

            line.Items.Enqueue(item);
            _count++;
            (arrival, _arrival) = (_arrival, null);
        }

        arrival?.SetResult(true);
        return true;
    }

    /// <summary>Takes up to <paramref name="limit"/> items, by turns of the merchants.</summary>
    public void Take(List<T> items, int limit)
    {
        lock (_gate)
        {
            while (items.Count < limit && _turns.TryDequeue(out var line))
            {
                items.Add(line.Items.Dequeue());
                _count--;
                if (line.Items.Count > 0)
                {
                    _turns.Enqueue(line);
                }
                else
                {
                    _lines.Remove(line.MerchantId);
                }
            }
        }
    }

    /// <summary>True when something waits; false when nothing does and the queue is closed.</summary>
    public Task<bool> WaitAsync()
    {
        lock (_gate)
        {
            if (_count > 0 || _isClosed)
            {
                return Task.FromResult(_count > 0);
            }

            _arrival = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            return _arrival.Task;
        }
    }

    /// <summary>Takes no more; what waits is still given out.</summary>
    public void Close()
    {
        TaskCompletionSource<bool>? arrival;
        lock (_gate)
        {
            _isClosed = true;
            (arrival, _arrival) = (_arrival, null);
        }

        arrival?.SetResult(false); // It waited, so nothing was there.
    }

    private sealed record Line(Guid MerchantId)
    {
        public Queue<T> Items { get; } = [];
    }
}
