using ArdorQr.Contracts.Events;
using ArdorQr.Payments.Database;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Payments.Features;

/// <summary>
/// The two ends of a debited payment, and the rail's word against them, each with the event that Ledger acts on; in the
/// caller's transaction.
/// </summary>
internal sealed class FinishPayment(TimeProvider time)
{
    /// <summary>confirming → completed.</summary>
    public async Task<PaymentRow> CompleteAsync(
        ServiceTransaction transaction, PaymentRow payment, CancellationToken cancellationToken)
    {
        var completed = await PaymentTable.CompleteAsync(
            transaction, payment, Guid.CreateVersion7(time.GetUtcNow()), cancellationToken);
        var row = completed.Row;
        transaction.EnqueueUntilAnswered(
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
                Payment = PaymentView.Snapshot(completed),
            },
            RecordSettlement.AnswerKey(row.PaymentId));
        return row;
    }

    /// <summary>confirming → refunding.</summary>
    public async Task<PaymentRow> RejectAsync(
        ServiceTransaction transaction, PaymentRow payment, string failureReason, CancellationToken cancellationToken)
    {
        var row = await PaymentTable.RejectAsync(
            transaction, payment, failureReason, Guid.CreateVersion7(time.GetUtcNow()), cancellationToken);
        transaction.EnqueueUntilAnswered(
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
            FailRefundedPayment.AnswerKey(row.PaymentId));
        return row;
    }

    /// <summary>
    /// The rail's final word is another than the one that the payment was settled by: nothing changes for the merchant,
    /// an operator is called, and the difference is booked.
    /// </summary>
    public async Task ContradictAsync(
        ServiceTransaction transaction, PaymentRow payment, bool railHasPaid, string railAnswer,
        CancellationToken cancellationToken)
    {
        var at = await SettlementTable.ContradictAsync(transaction, payment.PaymentId, railAnswer, cancellationToken);
        transaction.EnqueueUntilAnswered(
            new PaymentContradicted
            {
                EventId = Guid.CreateVersion7(time.GetUtcNow()),
                CreatedAt = at,
                MerchantId = payment.MerchantId,
                Mode = payment.Mode,
                PaymentId = payment.PaymentId,
                DebitId = payment.DebitId!.Value,
                AmountMinor = payment.AmountKopecks,
                RailHasPaid = railHasPaid,
            },
            RecordDiscrepancy.AnswerKey(payment.PaymentId));
    }
}
