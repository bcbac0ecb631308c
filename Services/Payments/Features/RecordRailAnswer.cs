using ArdorQr.Payments.Clients;
using ArdorQr.Payments.Database;
using ArdorQr.Payments.Domain;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Payments.Features;

/// <summary>
/// Records what the rail said of a payment, in the caller's transaction and under the caller's lease: a final word ends
/// the payment, every other one makes it due again.
/// </summary>
internal sealed partial class RecordRailAnswer(PaymentSeals seals, ILogger<RecordRailAnswer> logger)
{
    /// <summary>Records the answer; false, and nothing is changed, when the row was taken by another meanwhile.</summary>
    public Task<bool> TryRecordAsync(
        ServiceTransaction transaction, SubmissionClaim claim, PaymentRow payment, string? action,
        TransferAnswer answer, CancellationToken cancellationToken)
    {
        var word = new RailWord(action, answer.Summary);
        return answer is TransferAnswer.Completed or TransferAnswer.Failed or TransferAnswer.Cancelled
            ? TryFinishAsync(transaction, claim, payment, word, answer, cancellationToken)
            : TryPostponeAsync(transaction, claim, word, answer, cancellationToken);
    }

    private async Task<bool> TryFinishAsync(
        ServiceTransaction transaction, SubmissionClaim claim, PaymentRow payment, RailWord word, TransferAnswer answer,
        CancellationToken cancellationToken)
    {
        if (!await SubmissionTable.TryFinishAsync(transaction, claim, word, cancellationToken))
        {
            return false; // The new holder asks the rail itself.
        }

        await (payment.State == PaymentState.Confirming
            ? answer switch
            {
                TransferAnswer.Completed => FinishPayment.CompleteAsync(transaction, payment, seals, cancellationToken),
                TransferAnswer.Failed failed =>
                    FinishPayment.RejectAsync(transaction, payment, failed.Reason, cancellationToken),
                _ => FinishPayment.RejectAsync(transaction, payment, FailureReasons.NotExecuted, cancellationToken),
            }
            : CompareAsync(transaction, payment, answer, cancellationToken));
        return true;
    }

    /// <summary>The payment was settled by hand before: the rail's word changes nothing more, but may be another.</summary>
    private async Task CompareAsync(
        ServiceTransaction transaction, PaymentRow payment, TransferAnswer answer, CancellationToken cancellationToken)
    {
        var railHasPaid = answer is TransferAnswer.Completed;
        if (railHasPaid != (payment.State == PaymentState.Completed))
        {
            LogContradiction(payment.PaymentId, answer.Summary);
            await FinishPayment.ContradictAsync(transaction, payment, railHasPaid, answer.Summary, cancellationToken);
        }
    }

    private async Task<bool> TryPostponeAsync(
        ServiceTransaction transaction, SubmissionClaim claim, RailWord word, TransferAnswer answer,
        CancellationToken cancellationToken)
    {
        var isOverdue = await SubmissionTable.TryPostponeAsync(
            transaction, claim, word, AskSchedule.DelaySeconds(claim.Tries + 1), cancellationToken);
        if (isOverdue is null)
        {
            return false;
        }

        if (answer is TransferAnswer.Conflict)
        {
            LogConflict(claim.PaymentId);
            await PaymentTable.FlagForReviewAsync(transaction, claim.PaymentId, "rail_conflict", cancellationToken);
        }
        else if (isOverdue.Value)
        {
            await PaymentTable.FlagForReviewAsync(transaction, claim.PaymentId, "no_outcome", cancellationToken);
        }

        return true;
    }

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Payment {PaymentId}: the rail knows our id with another body; it goes to review")]
    private partial void LogConflict(Guid paymentId);

    [LoggerMessage(
        Level = LogLevel.Critical,
        Message = "Payment {PaymentId} was settled by hand, and the rail's final word is another: {Answer}")]
    private partial void LogContradiction(Guid paymentId, string answer);
}
