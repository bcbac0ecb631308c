using ArdorQr.Contracts.Events;
using ArdorQr.Payments.Database;
using ArdorQr.Payments.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Recovery;

namespace ArdorQr.Payments.Features.Recovery;

/// <summary>
/// After a restore: what payments told shortly before the restored state is told again under the same ids, because the
/// broker, which wasn't restored, has forgotten what Webhooks had not yet taken. Who has it takes no notice.
/// </summary>
internal sealed class AnnounceAgain(ServiceDatabase database, PaymentSeals seals) : IRecoveryStep
{
    private const int MaxBatch = 200;

    /// <summary>
    /// By what changed last, however old the payment is: one may be in review for long. Each by an index of its own, since
    /// these tables hold all that was ever paid. A payment whose money is on its way back has told nothing but its begin.
    /// </summary>
    private static readonly IReadOnlyList<string> Parts =
    [
        "state = 'completed' AND erased_at IS NULL",
        "state = 'failed' AND erased_at IS NULL",
        "payment_id IN (SELECT payment_id FROM payments.submission WHERE due_at IS NOT NULL)",
        "state = 'refunding' AND payment_id >= @recent",
    ];

    /// <summary>A payment whose debit took longer than this to be found has its begin told no more, only its end.</summary>
    private static readonly TimeSpan LongestOpen = TimeSpan.FromDays(2);

    private int _part;
    private (DateTimeOffset At, Guid Id)? _after;

    public async Task<string?> MatchAsync(
        RecoveryEpisode episode, DateTimeOffset from, CancellationToken cancellationToken)
    {
        while (_part < Parts.Count)
        {
            await using var transaction = await database.BeginAsync(cancellationToken);
            var batch = await NextAsync(transaction, from, episode.BegunAt, cancellationToken);
            foreach (var row in batch)
            {
                await AnnounceAsync(transaction, row, cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
            var isFull = batch.Count == MaxBatch;
            _part += isFull ? 0 : 1;
            _after = isFull ? (batch[^1].ChangedAt, batch[^1].PaymentId) : null;
        }

        return null;
    }

    private async Task<IReadOnlyList<PaymentRow>> NextAsync(
        ServiceTransaction transaction, DateTimeOffset from, DateTimeOffset until, CancellationToken cancellationToken)
    {
        var (afterAt, after) = _after ?? (from, Guid.Empty);
        var sql =
            $"""
            SELECT {PaymentRow.Columns} FROM payments.payment
            WHERE {Parts[_part]} AND created_at <= @until
              AND changed_at >= @afterAt AND (changed_at, payment_id) > (@afterAt, @after)
            ORDER BY changed_at, payment_id
            LIMIT @limit
            """;
        return [.. await transaction.QueryAsync<PaymentRow>(sql, new
        {
            until, afterAt, after, recent = BookQuery.FirstIdAt(from - LongestOpen), limit = MaxBatch,
        }, cancellationToken)];
    }

    /// <summary>As they were told: what became of the payment afterwards isn't in the events before.</summary>
    private async Task AnnounceAsync(
        ServiceTransaction transaction, PaymentRow row, CancellationToken cancellationToken)
    {
        var timeline = await TimelineTable.ReadAsync(transaction.Connection, row.PaymentId, cancellationToken);
        var payment = new ChangedPayment(row, Until(row.State, timeline));
        var asConfirmed = new ChangedPayment(
            row with { State = PaymentState.Confirming, CompletedAt = null }, Until(PaymentState.Confirming, timeline));
        transaction.Enqueue(new PaymentProcessing
        {
            EventId = row.ProcessingEventId!.Value,
            CreatedAt = asConfirmed.Timeline[^1].At,
            MerchantId = row.MerchantId,
            Mode = row.Mode,
            PaymentId = row.PaymentId,
            Payment = PaymentView.Snapshot(asConfirmed, seals),
        });
        if (row.State == PaymentState.Completed)
        {
            transaction.Enqueue(FinishPayment.Completed(payment, seals));
        }
        else if (row.State == PaymentState.Failed)
        {
            transaction.Enqueue(FailRefundedPayment.Failed(payment, seals));
        }
    }

    private static IReadOnlyList<TimelineRow> Until(PaymentState state, IReadOnlyList<TimelineRow> timeline)
    {
        var entry = timeline.Select(row => row.State).ToList().IndexOf(state.Code());
        return entry < 0 ? timeline : [.. timeline.Take(entry + 1)];
    }
}
