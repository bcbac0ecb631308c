using System.Diagnostics;
using ArdorQr.Contracts;
using ArdorQr.Contracts.Events;
using ArdorQr.Payments.Clients;
using ArdorQr.Payments.Database;
using ArdorQr.Payments.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Faults;
using Microsoft.Extensions.Options;

namespace ArdorQr.Payments.Features;

/// <summary>What became of an attempt to debit a payment.</summary>
internal abstract record DebitOutcome
{
    private DebitOutcome()
    {
    }

    /// <summary>The debit stands; the payment is confirming, or further already.</summary>
    internal sealed record Debited(PaymentRow Payment) : DebitOutcome;

    internal sealed record InsufficientFunds(Kopecks Balance, Kopecks Total) : DebitOutcome;

    /// <summary>The attempt was voided: it was too late.</summary>
    internal sealed record Expired : DebitOutcome;

    /// <summary>The attempt was voided in time: a transfer at the rail that no payment explains holds the code.</summary>
    internal sealed record CodeHeld : DebitOutcome;

    /// <summary>The attempt stays open; recovery, or the next confirm, goes on with it.</summary>
    internal sealed record Unknown : DebitOutcome;
}

/// <summary>
/// Takes an open attempt to its end: Ledger's answer is asked for outside of any transaction and recorded in one. Both
/// confirm and recovery come here, together or one after the other; the first to record decides, the rest read it.
/// </summary>
internal sealed class DebitPayment(
    ServiceDatabase database, GroupCommit commits, LedgerClient ledger, FaultHook faults, ExecutorSignal executor,
    RailTurns turns, ExecutePayment execute, PaymentSeals seals, IOptions<PaymentsOptions> options)
{
    /// <summary>Sends the debit, or void when it may not be sent any more, and records what Ledger says.</summary>
    /// <param name="payment">The payment with the open attempt.</param>
    /// <param name="attemptId">The attempt, which is the transfer's id at Ledger.</param>
    /// <param name="mayDebit">What the database says: <see cref="AttemptTable.MayDebitAsync"/>.</param>
    /// <param name="keep">Keeps the merchant's answer in the transaction that makes the payment confirming.</param>
    /// <param name="cancellationToken">The host's token, not the caller's: money may move.</param>
    public async Task<DebitOutcome> RunAsync(
        PaymentRow payment, Guid attemptId, bool mayDebit, Func<ServiceTransaction, PaymentRow, Task> keep,
        CancellationToken cancellationToken)
    {
        var answer = mayDebit
            ? await ledger.DebitAsync(payment, attemptId, cancellationToken)
            : await ledger.VoidAsync(payment, attemptId, cancellationToken);
        return await RecordAsync(payment, attemptId, answer, keep, cancellationToken);
    }

    /// <summary>Records what Ledger said of the attempt.</summary>
    public async Task<DebitOutcome> RecordAsync(
        PaymentRow payment, Guid attemptId, DebitAnswer answer, Func<ServiceTransaction, PaymentRow, Task> keep,
        CancellationToken cancellationToken)
    {
        switch (answer)
        {
            case DebitAnswer.Posted posted:
                faults.Reach("payments.debit-known");
                return await PostAsync(payment, attemptId, posted.OperationId, keep, cancellationToken);
            case DebitAnswer.Refused refused:
                return await RefuseAsync(payment, attemptId, refused.Balance, cancellationToken);
            case DebitAnswer.Voided:
                return await VoidAsync(payment, attemptId, cancellationToken);
            case DebitAnswer.Unknown or DebitAnswer.Absent:
                return new DebitOutcome.Unknown();
            default:
                throw new UnreachableException();
        }
    }

    private async Task<DebitOutcome> PostAsync(
        PaymentRow payment, Guid attemptId, Guid operationId, Func<ServiceTransaction, PaymentRow, Task> keep,
        CancellationToken cancellationToken)
    {
        using var turn = turns.TryHold(payment.MerchantId);
        var (current, claim) = await commits.RunAsync(payment.PaymentId, async (transaction, token) =>
        {
            var (row, taken) = (await LockAsync(transaction, payment.PaymentId, token), default(SubmissionClaim));
            if (row.OpenAttemptId == attemptId)
            {
                (row, taken) = await ConfirmAsync(
                    transaction, row, operationId, turn is null ? 0 : execute.LeaseSeconds, token);
            }
            else if (row.DebitId != attemptId)
            {
                throw new InvalidOperationException(
                    $"Ledger posted the attempt {attemptId}, which payment {payment.PaymentId} has closed.");
            }

            await keep(transaction, row);
            return new UnitEnd<(PaymentRow, SubmissionClaim?)>((row, taken), Commits: true);
        }, cancellationToken);
        if (claim is not null && turn is not null)
        {
            turn.Start(current.PaymentId, token => execute.RunAsync(claim, current, token));
        }
        else if (claim is not null)
        {
            executor.Wake();
        }

        return new DebitOutcome.Debited(current);
    }

    private async Task<(PaymentRow Payment, SubmissionClaim Claim)> ConfirmAsync(
        ServiceTransaction transaction, PaymentRow payment, Guid operationId, int leaseSeconds,
        CancellationToken cancellationToken)
    {
        var (changed, claim) = await ConfirmedPayment.RecordAsync(
            transaction, payment, operationId, PaymentEvents.ProcessingId(payment.PaymentId), options.Value, leaseSeconds,
            cancellationToken);
        var confirmed = changed.Row;
        transaction.Enqueue(new PaymentProcessing
        {
            EventId = confirmed.ProcessingEventId!.Value,
            CreatedAt = confirmed.ChangedAt,
            MerchantId = confirmed.MerchantId,
            Mode = confirmed.Mode,
            PaymentId = confirmed.PaymentId,
            Payment = PaymentView.Snapshot(changed, seals),
        });
        return (confirmed, claim);
    }

    private async Task<DebitOutcome> RefuseAsync(
        PaymentRow payment, Guid attemptId, Kopecks balance, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        var current = await LockAsync(transaction, payment.PaymentId, cancellationToken);
        if (current.OpenAttemptId == attemptId)
        {
            await AttemptTable.RefuseAsync(transaction, payment.PaymentId, attemptId, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        // A later attempt, after a deposit, may have been quicker than this answer.
        return current.DebitId is null
            ? new DebitOutcome.InsufficientFunds(balance, payment.TotalKopecks)
            : new DebitOutcome.Debited(current);
    }

    private async Task<DebitOutcome> VoidAsync(
        PaymentRow payment, Guid attemptId, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        var current = await LockAsync(transaction, payment.PaymentId, cancellationToken);
        var isLate = await PaymentTable.IsLateAsync(transaction, payment.PaymentId, cancellationToken);
        if (current.OpenAttemptId == attemptId)
        {
            await (isLate
                ? ExpireAsync(transaction, current, attemptId, cancellationToken)
                : AttemptTable.GiveUpAsync(transaction, payment.PaymentId, attemptId, cancellationToken));
            await transaction.CommitAsync(cancellationToken);
        }

        // A later attempt, once the code was free, may have been quicker than this answer.
        return current.DebitId is not null ? new DebitOutcome.Debited(current)
            : isLate ? new DebitOutcome.Expired()
            : new DebitOutcome.CodeHeld();
    }

    private static async Task ExpireAsync(
        ServiceTransaction transaction, PaymentRow payment, Guid attemptId, CancellationToken cancellationToken)
    {
        await AttemptTable.VoidAsync(transaction, attemptId, cancellationToken);
        await PaymentTable.ExpireAsync(transaction, payment, cancellationToken);
    }

    private static async Task<PaymentRow> LockAsync(
        ServiceTransaction transaction, Guid paymentId, CancellationToken cancellationToken) =>
        await PaymentTable.LockAsync(transaction, paymentId, cancellationToken)
        ?? throw new InvalidOperationException($"Payment {paymentId} is gone.");
}
