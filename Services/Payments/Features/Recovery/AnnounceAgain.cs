using ArdorQr.Contracts.Events;
using ArdorQr.Payments.Database;
using ArdorQr.Payments.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Recovery;

namespace ArdorQr.Payments.Features.Recovery;

/// <summary>
/// After a restore: what payments told shortly before the restored state is told again under the same ids, because the
/// broker, which wasn't restored, has forgotten what Webhooks had not yet taken. Who has it takes no notice.
/// </summary>
internal sealed class AnnounceAgain(ServiceDatabase database, PaymentSeals seals) : IRecoveryStep
{
    private const int MaxBatch = 200;

    private Guid _after;
    private bool _isThrough;

    public async Task<string?> MatchAsync(
        RecoveryEpisode episode, DateTimeOffset from, CancellationToken cancellationToken)
    {
        while (!_isThrough)
        {
            await using var transaction = await database.BeginAsync(cancellationToken);
            var batch = await NextAsync(transaction, from, episode.BegunAt, cancellationToken);
            foreach (var row in batch)
            {
                await AnnounceAsync(transaction, row, cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
            _isThrough = batch.Count < MaxBatch;
            _after = batch.Count > 0 ? batch[^1].PaymentId : _after;
        }

        return null;
    }

    private async Task<IReadOnlyList<PaymentRow>> NextAsync(
        ServiceTransaction transaction, DateTimeOffset from, DateTimeOffset until, CancellationToken cancellationToken)
    {
        // A payment may be open for a day before its outcome.
        const string sql =
            $"""
            SELECT {PaymentRow.Columns} FROM payments.payment
            WHERE created_at >= @from::timestamptz - interval '2 days' AND created_at <= @until AND debit_id IS NOT NULL
              AND (confirmed_at >= @from OR completed_at >= @from OR changed_at >= @from) AND payment_id > @after
            ORDER BY payment_id
            LIMIT @limit
            """;
        return [.. await transaction.QueryAsync<PaymentRow>(
            sql, new { from, until, after = _after, limit = MaxBatch }, cancellationToken)];
    }

    private async Task AnnounceAsync(
        ServiceTransaction transaction, PaymentRow row, CancellationToken cancellationToken)
    {
        var timeline = await TimelineTable.ReadAsync(transaction.Connection, row.PaymentId, cancellationToken);
        var payment = new ChangedPayment(row, timeline);
        var asConfirmed = payment with { Row = row with { State = PaymentState.Confirming, CompletedAt = null } };
        transaction.Enqueue(new PaymentProcessing
        {
            EventId = row.ProcessingEventId!.Value,
            CreatedAt = row.ConfirmedAt!.Value,
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
}
