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
    ServiceDatabase database, GroupCommit commits, Rails rails, HeldTurns held, RecordRailAnswer answers,
    ExecutorSignal signal, FaultHook faults, RecoveryGate gate, PaymentSeals seals, TimeProvider time,
    ILogger<ExecutePayment> logger)
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
        try
        {
            await TakeTurnAsync(claim, payment, cancellationToken);
        }
        finally
        {
            held.EndSubmission(payment.PaymentId);
        }
    }

    private async Task TakeTurnAsync(SubmissionClaim claim, PaymentRow payment, CancellationToken cancellationToken)
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
        else if (held.EndSubmission(payment.PaymentId))
        {
            await HearAsync(payment.PaymentId, cancellationToken); // The rail's call has overtaken its answer.
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

        var heard = await commits.RunAsync(paymentId, async (transaction, token) =>
        {
            var current = (await PaymentTable.LockAsync(transaction, paymentId, token))!;
            if (await (turn is null
                ? SubmissionTable.TakeAsync(transaction.Connection, paymentId, LeaseSeconds, token)
                : SubmissionTable.NoteAsync(transaction, turn.Claim, WordOf(turn), token)) is not { } claim)
            {
                return new UnitEnd<SubmissionClaim?>(null, Commits: true);
            }

            using var activity = ContinueTrace(claim); // The payment's, not the callback's.
            var isRecorded = await answers.TryRecordAsync(transaction, claim, current, RailWord.Ask, answer, token);
            return new UnitEnd<SubmissionClaim?>(isRecorded ? claim : null, Commits: isRecorded);
        }, cancellationToken);
        if (heard is not null)
        {
            LogAnswer(paymentId, heard.Tries + 1, answer.Summary);
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
        held.BeginSubmission(payment.PaymentId);
        var answer = await rail.SubmitAsync(payment, seals.DetailsOf(payment), claim.NotAfter, cancellationToken);
        faults.Reach("payments.put-sent");
        return answer;
    }

    private async Task RecordAsync(
        SubmissionClaim claim, string? action, TransferAnswer answer, CancellationToken cancellationToken)
    {
        var isRecorded = await commits.RunAsync(claim.PaymentId, async (transaction, token) =>
        {
            var payment = (await PaymentTable.LockAsync(transaction, claim.PaymentId, token))!;
            return new UnitEnd<bool>(
                await answers.TryRecordAsync(transaction, claim, payment, action, answer, token), Commits: true);
        }, cancellationToken);
        if (isRecorded)
        {
            LogAnswer(claim.PaymentId, claim.Tries + 1, answer.Summary);
        }
        else
        {
            LogLeaseLost(claim.PaymentId);
        }
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
        Message = "Payment {PaymentId}: its first turn was not recorded; it is due again when its lease has run out")]
    private partial void LogNotRecorded(Guid paymentId, Exception exception);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Payment {PaymentId}: the lease was taken over; this turn changes nothing")]
    private partial void LogLeaseLost(Guid paymentId);
}
