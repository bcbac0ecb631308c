using System.Collections.Concurrent;
using ArdorQr.Payments.Database;

namespace ArdorQr.Payments.Features;

/// <summary>A turn whose submission the rail has taken and not finished; nothing of it is recorded yet.</summary>
/// <param name="Claim">Its lease, which lasts longer than it is held.</param>
/// <param name="Payment">The payment under the lease.</param>
/// <param name="Word">What the rail said.</param>
/// <param name="SaidAt">When, as a timestamp of the TimeProvider.</param>
internal sealed record HeldTurn(SubmissionClaim Claim, PaymentRow Payment, RailWord Word, long SaidAt)
{
    internal TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Task Waiting { get; set; } = Task.CompletedTask;
}

/// <summary>
/// Most rails call within a second of a submission. For as long a turn waits here, in nobody's slot, so that the rail's
/// first word and its last are one commit. What the lease guards needs no more: were this memory lost, the lease runs
/// out, and the same id is submitted again.
/// </summary>
internal sealed class HeldTurns(TimeProvider time) : IDisposable
{
    private const int MaxHeld = 1_000;

    private readonly ConcurrentDictionary<Guid, HeldTurn> _held = [];
    private readonly ConcurrentDictionary<Guid, bool> _submitting = []; // As many as there are turns.
    private readonly CancellationTokenSource _closing = new();
    private int _count;
    private volatile bool _isOpen;

    public void Open() => _isOpen = true;

    /// <summary>Holds the turn until it is taken, hastened, or <paramref name="longest"/> is over.</summary>
    /// <param name="turn">The turn.</param>
    /// <param name="longest">Until the rail is asked if it hasn't called.</param>
    /// <param name="record">Records the turn when nobody has taken it.</param>
    /// <returns>False when it has to be recorded at once.</returns>
    public bool TryHold(HeldTurn turn, TimeSpan longest, Func<HeldTurn, Task> record)
    {
        if (!_isOpen)
        {
            return false;
        }

        // One of this payment may be left of a lease that has run out.
        if (Interlocked.Increment(ref _count) > MaxHeld || !_held.TryAdd(turn.Claim.PaymentId, turn))
        {
            Interlocked.Decrement(ref _count);
            return false;
        }

        turn.Waiting = WaitAsync(turn, longest, record);
        return true;
    }

    /// <summary>The submission goes out: the rail may call before it answers.</summary>
    public void BeginSubmission(Guid paymentId) => _submitting[paymentId] = false;

    /// <summary>The rail has called; false when no submission of this payment is on its way here.</summary>
    public bool NoteCall(Guid paymentId) => _submitting.TryUpdate(paymentId, true, false);

    /// <summary>The submission is answered, or was lost. Returns whether the rail has called meanwhile.</summary>
    public bool EndSubmission(Guid paymentId) => _submitting.TryRemove(paymentId, out var hasCalled) && hasCalled;

    public bool Contains(Guid paymentId) => _held.ContainsKey(paymentId);

    /// <summary>The turn, for whoever goes on with it; null when it isn't here or was taken before.</summary>
    public HeldTurn? TryTake(Guid paymentId)
    {
        if (!_held.TryRemove(paymentId, out var turn))
        {
            return null;
        }

        Interlocked.Decrement(ref _count);
        turn.Ended.TrySetResult();
        return turn;
    }

    /// <summary>Has the turn recorded now, so that it is due for everybody.</summary>
    public void Hasten(Guid paymentId)
    {
        if (_held.TryGetValue(paymentId, out var turn))
        {
            turn.Ended.TrySetResult();
        }
    }

    /// <summary>Has all turns recorded. None may be held any more: the slots are closed before.</summary>
    public async Task CloseAsync()
    {
        _isOpen = false;
        await _closing.CancelAsync();
        await Task.WhenAll(_held.Values.Select(turn => turn.Waiting));
    }

    public void Dispose() => _closing.Dispose();

    private async Task WaitAsync(HeldTurn turn, TimeSpan longest, Func<HeldTurn, Task> record)
    {
        await Task.WhenAny(turn.Ended.Task, Task.Delay(longest, time, _closing.Token));
        if (TryTake(turn.Claim.PaymentId) is { } left)
        {
            await record(left);
        }
    }
}
