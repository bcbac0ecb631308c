using System.Diagnostics;
using ArdorQr.Payments.Clients;
using ArdorQr.Payments.Database;
using ArdorQr.Payments.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Faults;
using ArdorQr.ServiceDefaults.Recovery;

namespace ArdorQr.Payments.Features;

/// <summary>
/// One turn with the rail for a debited payment: submit, ask or cancel under the payment's one id, then record the
/// answer. Only a final word moves the payment; whatever else happens, the rail is asked again.
/// </summary>
internal sealed partial class ExecutePayment(
    ServiceDatabase database, Rails rails, HeldTurns held, ExecutorSignal signal, FaultHook faults,
    RecoveryGate gate, PaymentSeals seals, TimeProvider time, ILogger<ExecutePayment> logger)
{
    internal const string ActivitySourceName = "ArdorQr.Payments";

    /// <summary>What a lease lasts beyond the one call that is made under it.</summary>
    private const int LeaseMarginSeconds = 3;

    private static readonly ActivitySource Activities = new(ActivitySourceName);

    /// <summary>
    /// How long a claim, or its renewal before a call, is held: the call may check the rail's environment first.
    /// </summary>
    public int LeaseSeconds => (2 * rails.LongestTimeoutSeconds) + LeaseMarginSeconds;

    public async Task RunAsync(SubmissionClaim claim, CancellationToken cancellationToken) =>
        await RunAsync(claim, await FindAsync(claim.PaymentId, cancellationToken), cancellationToken);

    /// <param name="claim">The turn.</param>
    /// <param name="payment">The payment as it was under the lease.</param>
    /// <param name="cancellationToken">Stops the turn; what was not recorded is due again.</param>
    public async Task RunAsync(SubmissionClaim claim, PaymentRow payment, CancellationToken cancellationToken)
    {
        using var activity = ContinueTrace(claim);
        if (rails.Of(payment.Mode) is not { } rail || rail.Name != payment.Rail)
        {
            LogNoRail(payment.PaymentId, payment.Rail);
            await RecordAsync(claim, null, new TransferAnswer.Unknown("no such rail"), cancellationToken);
            return;
        }

        var mayPay = payment.State == PaymentState.Confirming; // Settled by hand, it is only asked for.
        var isNew = claim is { Tries: 0, PastCutOff: false } && !gate.MayBeKnownOutside(payment.CreatedAt);
        var (action, answer) = mayPay && isNew
            ? (RailWord.Submit, await SubmitAsync(rail, payment, claim, cancellationToken))
            : (RailWord.Ask, await rail.AskAsync(payment.PaymentId, cancellationToken));
        if (answer is TransferAnswer.NotSeen)
        {
            var word = new RailWord(action, answer.Summary);
            if (await RenewAsync(claim, word, cancellationToken) is not { } renewed)
            {
                LogLeaseLost(payment.PaymentId);
                return;
            }

            (action, answer) = renewed.PastCutOff || !mayPay
                ? (RailWord.Cancel, await rail.CancelAsync(payment.PaymentId, cancellationToken))
                : (RailWord.Submit, await SubmitAsync(rail, payment, renewed, cancellationToken));
        }

        if (action != RailWord.Submit || claim.Tries > 0 || answer is not TransferAnswer.InProgress
            || !TryHold(claim, payment, answer))
        {
            await RecordAsync(claim, action, answer, cancellationToken);
        }
    }

    /// <summary>
    /// The rail has called. It is asked at once, which changes nothing; then the row is taken, if it isn't held here for
    /// this call, and the answer recorded in one transaction. A row that another holds, or a transfer that has to be
    /// sent, is the executor's.
    /// </summary>
    public async Task HearAsync(Guid paymentId, CancellationToken cancellationToken)
    {
        var turn = held.TryTake(paymentId);
        var payment = turn?.Payment ?? await FindAsync(paymentId, cancellationToken);
        if (rails.Of(payment.Mode) is not { } rail || rail.Name != payment.Rail)
        {
            return; // The executor says so when it is due.
        }

        var answer = await rail.AskAsync(paymentId, cancellationToken);
        if (answer is TransferAnswer.NotSeen)
        {
            // Due by its schedule, when it is sent or cancelled under a lease.
            await (turn is null ? Task.CompletedTask : RecordHeldAsync(turn, cancellationToken));
            return;
        }

        await using var transaction = await database.BeginAsync(cancellationToken);
        payment = (await PaymentTable.LockAsync(transaction, paymentId, cancellationToken))!;
        if (await (turn is null
            ? SubmissionTable.TakeAsync(transaction.Connection, paymentId, LeaseSeconds, cancellationToken)
            : SubmissionTable.NoteAsync(transaction, turn.Claim, WordOf(turn), cancellationToken)) is { } claim)
        {
            using var activity = ContinueTrace(claim); // The payment's, not the callback's.
            await RecordAsync(transaction, claim, payment, RailWord.Ask, answer, cancellationToken);
        }
    }

    /// <summary>The submission is on its way: its turn waits for the rail's call until the rail would be asked.</summary>
    private bool TryHold(SubmissionClaim claim, PaymentRow payment, TransferAnswer answer)
    {
        var turn = new HeldTurn(claim, payment, new RailWord(RailWord.Submit, answer.Summary), time.GetTimestamp());
        var isHeld = held.TryHold(
            turn, TimeSpan.FromSeconds(AskSchedule.DelaySeconds(claim.Tries + 1)), RecordLeftAsync);
        if (isHeld)
        {
            LogAnswer(claim.PaymentId, claim.Tries + 1, answer.Summary);
        }

        return isHeld;
    }

    private RailWord WordOf(HeldTurn turn) =>
        turn.Word with { AgoSeconds = time.GetElapsedTime(turn.SaidAt).TotalSeconds };

    /// <summary>The rail hasn't called in time: it is asked as soon as a turn is free.</summary>
    private async Task RecordLeftAsync(HeldTurn turn)
    {
        try
        {
            await RecordHeldAsync(turn, CancellationToken.None);
            signal.Wake();
        }
        catch (Exception exception)
        {
            LogNotRecorded(turn.Claim.PaymentId, exception); // The lease runs out.
        }
    }

    private async Task RecordHeldAsync(HeldTurn turn, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        if (await SubmissionTable.TryPostponeAsync(transaction, turn.Claim, WordOf(turn), 0, cancellationToken) is null)
        {
            LogLeaseLost(turn.Claim.PaymentId);
            return;
        }

        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>What is done for a payment belongs to the trace of its confirmation.</summary>
    private static Activity? ContinueTrace(SubmissionClaim claim) =>
        ActivityContext.TryParse(claim.Traceparent, null, isRemote: true, out var parent)
            ? Activities.StartActivity("payment execute", ActivityKind.Internal, parent)
            : null;

    private async Task<TransferAnswer> SubmitAsync(
        RailClient rail, PaymentRow payment, SubmissionClaim claim, CancellationToken cancellationToken)
    {
        var answer = await rail.SubmitAsync(payment, seals.DetailsOf(payment), claim.NotAfter, cancellationToken);
        faults.Reach("payments.put-sent");
        return answer;
    }

    private async Task RecordAsync(
        SubmissionClaim claim, string? action, TransferAnswer answer, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        var payment = (await PaymentTable.LockAsync(transaction, claim.PaymentId, cancellationToken))!;
        await RecordAsync(transaction, claim, payment, action, answer, cancellationToken);
    }

    /// <summary>Records the answer and commits, unless the row was taken by another meanwhile.</summary>
    private async Task RecordAsync(
        ServiceTransaction transaction, SubmissionClaim claim, PaymentRow payment, string? action,
        TransferAnswer answer, CancellationToken cancellationToken)
    {
        var word = new RailWord(action, answer.Summary);
        if (await (answer is TransferAnswer.Completed or TransferAnswer.Failed or TransferAnswer.Cancelled
            ? TryFinishAsync(transaction, claim, payment, word, answer, cancellationToken)
            : TryPostponeAsync(transaction, claim, word, answer, cancellationToken)))
        {
            await transaction.CommitAsync(cancellationToken);
            LogAnswer(claim.PaymentId, claim.Tries + 1, answer.Summary);
        }
        else
        {
            LogLeaseLost(claim.PaymentId);
        }
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

    private async Task<PaymentRow> FindAsync(Guid paymentId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleAsync<PaymentRow>(
            $"SELECT {PaymentRow.Columns} FROM payments.payment WHERE payment_id = @paymentId",
            new { paymentId }, cancellationToken);
    }

    private async Task<SubmissionClaim?> RenewAsync(
        SubmissionClaim claim, RailWord word, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await SubmissionTable.RenewAsync(connection, claim, word, LeaseSeconds, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Payment {PaymentId}, turn {Turn}: the rail says {Answer}")]
    private partial void LogAnswer(Guid paymentId, int turn, string answer);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Payment {PaymentId} went to the rail {Rail}, which is not configured")]
    private partial void LogNoRail(Guid paymentId, string rail);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Payment {PaymentId}: the rail knows our id with another body; it goes to review")]
    private partial void LogConflict(Guid paymentId);

    [LoggerMessage(
        Level = LogLevel.Critical,
        Message = "Payment {PaymentId} was settled by hand, and the rail's final word is another: {Answer}")]
    private partial void LogContradiction(Guid paymentId, string answer);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Payment {PaymentId}: its first turn was not recorded; it is due again when its lease has run out")]
    private partial void LogNotRecorded(Guid paymentId, Exception exception);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Payment {PaymentId}: the lease was taken over; this turn changes nothing")]
    private partial void LogLeaseLost(Guid paymentId);
}
