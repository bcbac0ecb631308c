using ArdorQr.Contracts.Events;
using ArdorQr.Payments.Database;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Payments.Features;

/// <summary>The two ends of a debited payment, each with the event that Ledger acts on; in the caller's transaction.</summary>
internal sealed class FinishPayment(TimeProvider time)
{
    /// <summary>confirming → completed.</summary>
    public async Task<PaymentRow> CompleteAsync(
        ServiceTransaction transaction, PaymentRow payment, CancellationToken cancellationToken)
    {
        var row = await PaymentTable.CompleteAsync(
            transaction, payment, Guid.CreateVersion7(time.GetUtcNow()), cancellationToken);
        await transaction.EnqueueUntilAnsweredAsync(
            new PaymentCompleted
            {
                EventId = row.OutcomeEventId!.Value,
                CreatedAt = row.ChangedAt,
                MerchantId = row.MerchantId,
                Mode = row.Mode,
                PaymentId = row.PaymentId,
                DebitId = row.DebitId!.Value,
                AmountMinor = row.AmountKopecks,
                FeeMinor = row.FeeKopecks,
                Payment = await PaymentView.SnapshotAsync(transaction, row, cancellationToken),
            },
            RecordSettlement.AnswerKey(row.PaymentId), cancellationToken);
        return row;
    }

    /// <summary>confirming → refunding.</summary>
    public async Task<PaymentRow> RejectAsync(
        ServiceTransaction transaction, PaymentRow payment, string failureReason, CancellationToken cancellationToken)
    {
        var row = await PaymentTable.RejectAsync(
            transaction, payment, failureReason, Guid.CreateVersion7(time.GetUtcNow()), cancellationToken);
        await transaction.EnqueueUntilAnsweredAsync(
            new PaymentRejected
            {
                EventId = row.OutcomeEventId!.Value,
                CreatedAt = row.ChangedAt,
                MerchantId = row.MerchantId,
                Mode = row.Mode,
                PaymentId = row.PaymentId,
                DebitId = row.DebitId!.Value,
                TotalMinor = row.TotalKopecks,
                FailureReason = failureReason,
            },
            FailRefundedPayment.AnswerKey(row.PaymentId), cancellationToken);
        return row;
    }
}
