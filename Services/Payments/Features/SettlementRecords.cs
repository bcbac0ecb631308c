using ArdorQr.Contracts.Events;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Payments.Features;

/// <summary>
/// Records Ledger's answers, many in one commit: nobody waits for one, and until it is recorded the broker keeps it. A
/// message is taken off its queue only after the commit that has it.
/// </summary>
internal sealed class SettlementRecords(ServiceDatabase database, TimeProvider time)
{
    /// <summary>As many as the consumer gets at a time: more would never come.</summary>
    private const int MaxBatch = 8;

    /// <summary>Far below the time after which Ledger is told again.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private Batch _next = new();

    /// <summary>Returns once the answer is recorded, within about a second.</summary>
    /// <exception cref="Exception">It was not; recording it again is harmless.</exception>
    public Task RecordAsync(PaymentSettled settled)
    {
        Batch batch;
        int count;
        lock (_lock)
        {
            batch = _next;
            batch.Answers.Add(settled);
            count = batch.Answers.Count;
            if (count == MaxBatch)
            {
                _next = new Batch();
            }
        }

        if (count == 1)
        {
            _ = CommitWhenDueAsync(batch);
        }

        if (count == MaxBatch)
        {
            batch.Full.SetResult();
        }

        return batch.Done.Task;
    }

    private async Task CommitWhenDueAsync(Batch batch)
    {
        using var waiting = new CancellationTokenSource();
        await Task.WhenAny(batch.Full.Task, Task.Delay(LongestWait, time, waiting.Token));
        await waiting.CancelAsync();
        lock (_lock)
        {
            if (_next == batch)
            {
                _next = new Batch(); // From here on nobody adds to it.
            }
        }

        try
        {
            await CommitAsync(batch.Answers);
            batch.Done.SetResult();
        }
        catch (Exception exception)
        {
            batch.Done.SetException(exception); // Each message is handed out anew.
        }
    }

    private async Task CommitAsync(IReadOnlyCollection<PaymentSettled> answers)
    {
        var cancellationToken = CancellationToken.None; // No caller's: one who left doesn't take the others along.
        await using var transaction = await database.BeginAsync(cancellationToken);
        await transaction.AcceptAllAsync(
            [.. answers.Select(answer => (RecordSettlement.Queue, answer.EventId))], cancellationToken);
        await transaction.AnsweredAsync(
            [.. answers.Select(answer => RecordSettlement.AnswerKey(answer.PaymentId))], cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private sealed class Batch
    {
        public List<PaymentSettled> Answers { get; } = [];

        public TaskCompletionSource Full { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
