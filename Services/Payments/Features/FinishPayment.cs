using ArdorQr.Contracts.Events;
using ArdorQr.Payments.Database;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Payments.Features;

/// <summary>
/// The two ends of a debited payment, and the rail's word against them, each with the event that Ledger acts on; in the
/// caller's transaction.
/// </summary>
internal static class FinishPayment
{
    /// <summary>confirming → completed.</summary>
    public static async Task<PaymentRow> CompleteAsync(
        ServiceTransaction transaction, PaymentRow payment, PaymentSeals seals, CancellationToken cancellationToken)
    {
        var completed = await PaymentTable.CompleteAsync(
            transaction, payment, PaymentEvents.CompletedId(payment.PaymentId), cancellationToken);
        transaction.EnqueueUntilAnswered(
            Completed(completed, seals), RecordSettlement.AnswerKey(payment.PaymentId));
        return completed.Row;
    }

    /// <summary>The announcement of a completed payment.</summary>
    public static PaymentCompleted Completed(ChangedPayment completed, PaymentSeals seals) => new()
    {
        EventId = completed.Row.OutcomeEventId!.Value,
        CreatedAt = completed.Row.ChangedAt,
        MerchantId = completed.Row.MerchantId,
        Mode = completed.Row.Mode,
        PaymentId = completed.Row.PaymentId,
        DebitId = completed.Row.DebitId!.Value,
        AmountMinor = completed.Row.AmountKopecks,
        FeeMinor = completed.Row.FeeKopecks,
        Payment = PaymentView.Snapshot(completed, seals),
    };

    /// <summary>confirming → refunding.</summary>
    public static async Task<PaymentRow> RejectAsync(
        ServiceTransaction transaction, PaymentRow payment, string failureReason, CancellationToken cancellationToken)
    {
        var row = await PaymentTable.RejectAsync(
            transaction, payment, failureReason, PaymentEvents.RejectedId(payment.PaymentId), cancellationToken);
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
    public static async Task ContradictAsync(
        ServiceTransaction transaction, PaymentRow payment, bool railHasPaid, string railAnswer,
        CancellationToken cancellationToken)
    {
        var at = await SettlementTable.ContradictAsync(transaction, payment.PaymentId, railAnswer, cancellationToken);
        transaction.EnqueueUntilAnswered(
            new PaymentContradicted
            {
                EventId = PaymentEvents.ContradictedId(payment.PaymentId),
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
