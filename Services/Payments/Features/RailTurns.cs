using System.Collections.Concurrent;
using ArdorQr.Payments.Database;

namespace ArdorQr.Payments.Features;

/// <summary>
/// The turns with the rail that this process takes: so many at a time in all, and of one merchant. None is given before
/// the executor runs, nor after it has begun to stop.
/// </summary>
internal sealed partial class RailTurns(ExecutorSignal signal, ILogger<RailTurns> logger) : IDisposable
{
    private const int MaxConcurrentTurns = 32;

    private readonly SemaphoreSlim _slots = new(MaxConcurrentTurns);
    private readonly ConcurrentDictionary<Guid, int> _byMerchant = [];
    private volatile bool _isOpen;

    /// <summary>The turns that are held now, by merchant.</summary>
    public IReadOnlyCollection<KeyValuePair<Guid, int>> ByMerchant => [.. _byMerchant];

    public void Open() => _isOpen = true;

    /// <summary>Gives no turn any more, and returns when those that were begun have ended.</summary>
    public async Task CloseAsync()
    {
        _isOpen = false;
        for (var slot = 0; slot < MaxConcurrentTurns; slot++)
        {
            await _slots.WaitAsync(CancellationToken.None); // Each turn is bounded by its calls' time-outs.
        }
    }

    /// <summary>A turn for a payment of this merchant's if one is free; null leaves it to the executor's claims.</summary>
    public RailTurn? TryHold(Guid merchantId)
    {
        if (!_slots.Wait(TimeSpan.Zero, CancellationToken.None))
        {
            return null;
        }

        var turn = Hold(merchantId, out var held);
        if (_isOpen && held <= SubmissionTable.MaxTurnsPerMerchant)
        {
            return turn;
        }

        turn.Dispose();
        return null;
    }

    /// <summary>Waits for one free slot, then takes as many more as are free.</summary>
    /// <returns>How many were taken, 1..<paramref name="max"/>.</returns>
    public async Task<int> TakeSlotsAsync(int max, CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken);
        var slots = 1;
        while (slots < max && _slots.Wait(TimeSpan.Zero, CancellationToken.None))
        {
            slots++;
        }

        return slots;
    }

    /// <summary>Gives back slots that no row was found for.</summary>
    public void GiveBack(int slots)
    {
        if (slots > 0)
        {
            _slots.Release(slots);
        }
    }

    /// <summary>A turn in a slot that was taken before, for a row that was claimed by the merchants' shares.</summary>
    public RailTurn Hold(Guid merchantId) => Hold(merchantId, out _);

    public void Dispose() => _slots.Dispose();

    internal async Task RunAsync(RailTurn turn, Guid paymentId, Func<CancellationToken, Task> work)
    {
        try
        {
            await work(CancellationToken.None);
        }
        catch (Exception exception)
        {
            LogTurnFailed(paymentId, exception); // Nothing was recorded; the row is due again.
        }
        finally
        {
            End(turn.MerchantId);
        }
    }

    internal void End(Guid merchantId)
    {
        // Removed at zero, so that the table is as long as the turns that are held.
        var left = _byMerchant.AddOrUpdate(merchantId, 0, static (_, turns) => turns - 1);
        if (left == 0)
        {
            _byMerchant.TryRemove(KeyValuePair.Create(merchantId, 0));
        }

        _slots.Release(); // Whoever waits for a slot has it.
        if (left >= SubmissionTable.MaxTurnsPerMerchant - 1)
        {
            signal.Wake(); // What this merchant had to leave may go now.
        }
    }

    private RailTurn Hold(Guid merchantId, out int held)
    {
        held = _byMerchant.AddOrUpdate(merchantId, 1, static (_, turns) => turns + 1);
        return new RailTurn(this, merchantId);
    }

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "A turn for payment {PaymentId} failed; it is due again when its lease has run out")]
    private partial void LogTurnFailed(Guid paymentId, Exception exception);
}

/// <summary>A turn that is held: begun by <see cref="Start"/>, or given back when disposed before.</summary>
internal sealed class RailTurn(RailTurns turns, Guid merchantId) : IDisposable
{
    private bool _isStarted;

    public Guid MerchantId => merchantId;

    /// <summary>Takes the turn in the background, out of whatever request it came from.</summary>
    public void Start(Guid paymentId, Func<CancellationToken, Task> work)
    {
        _isStarted = true;
        using (ExecutionContext.SuppressFlow())
        {
            _ = Task.Run(() => turns.RunAsync(this, paymentId, work));
        }
    }

    public void Dispose()
    {
        if (!_isStarted)
        {
            turns.End(merchantId);
        }
    }
}
