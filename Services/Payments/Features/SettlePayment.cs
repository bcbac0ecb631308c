using ArdorQr.Payments.Clients;
using ArdorQr.Payments.Database;
using ArdorQr.Payments.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Recovery;

namespace ArdorQr.Payments.Features;

/// <summary>
/// POST /internal/payments/{id}/settle: an operator ends a payment in review. The rail is read once more before: its
/// final word counts, and an operator who says otherwise is refused. It goes on being asked afterwards.
/// </summary>
internal sealed partial class SettlePayment(
    ServiceDatabase database, Rails rails, ExecutePayment turns, ExecutorSignal executor,
    RecoveryGate gate, PaymentSeals seals, ILogger<SettlePayment> logger)
{
    private const string Completed = "completed";
    private const string Failed = "failed";
    private const int MaxReasonCharacters = 500;

    internal sealed record Request
    {
        public required string Outcome { get; init; }

        public required string Reason { get; init; }

        public string? FailureReason { get; init; }
    }

    public static void Map(RouteGroupBuilder routes) =>
        routes.MapPost("/payments/{id}/settle", static (
            string id, HttpContext context, SettlePayment feature, CancellationToken cancellationToken) =>
            feature.HandleAsync(ListQuery.Id(id), context, cancellationToken));

    private async Task<IResult> HandleAsync(Guid id, HttpContext context, CancellationToken cancellationToken)
    {
        if (!gate.IsOpen)
        {
            return CommonErrors.Unavailable.ToResult(); // To settle may cancel at the rail.
        }

        var request = Checked(await JsonBody.ReadAsync<Request>(context, cancellationToken));
        var (payment, settled) = await FindAsync(id, cancellationToken);
        if (payment is null)
        {
            return CommonErrors.NotFound.ToResult();
        }

        if (settled == request.Outcome)
        {
            return Results.Ok(PaymentView.OfReview(payment, seals.DetailsOf(payment))); // Repeated: nothing is settled twice.
        }

        if (payment is not { Review: true, State: PaymentState.Confirming })
        {
            return PaymentErrors.NotInReview.ToResult();
        }

        if (rails.Of(payment.Mode) is not { } rail || rail.Name != payment.Rail)
        {
            return PaymentErrors.RailUnavailable.ToResult();
        }

        if (await TakeAsync(id, cancellationToken) is not { } claim)
        {
            return PaymentErrors.BusyWithRail.ToResult();
        }

        var (action, answer) = await ReadRailAsync(rail, request, id, cancellationToken);
        return await RecordAsync(request, payment, claim, action, answer, cancellationToken);
    }

    /// <summary>An id that the rail has never seen is made dead before its money goes back.</summary>
    private static async Task<(string Action, TransferAnswer Answer)> ReadRailAsync(
        RailClient rail, Request request, Guid id, CancellationToken cancellationToken)
    {
        var answer = await rail.AskAsync(id, cancellationToken);
        return answer is TransferAnswer.NotSeen && request.Outcome == Failed
            ? (RailWord.Cancel, await rail.CancelAsync(id, cancellationToken))
            : (RailWord.Ask, answer);
    }

    private async Task<IResult> RecordAsync(
        Request request, PaymentRow payment, SubmissionClaim claim, string action, TransferAnswer answer,
        CancellationToken cancellationToken)
    {
        var final = FinalOf(answer);
        // It may have been paid.
        var unread = answer is TransferAnswer.Unknown or TransferAnswer.Conflict && request.Outcome == Failed;
        await using var transaction = await database.BeginAsync(cancellationToken);
        var current = (await PaymentTable.LockAsync(transaction, payment.PaymentId, cancellationToken))!;
        // The turn is noted, and the rail is due again, whatever becomes of the request.
        var word = new RailWord(action, answer.Summary);
        var isOurs = final is not null && final == request.Outcome
            ? await SubmissionTable.TryFinishAsync(transaction, claim, word, cancellationToken)
            : await SubmissionTable.TryPostponeAsync(
                transaction, claim, word, final is null ? AskSchedule.DelaySeconds(claim.Tries + 1) : 0,
                cancellationToken) is not null;
        if (!isOurs || current.Version != payment.Version)
        {
            return PaymentErrors.BusyWithRail.ToResult();
        }

        if (unread || (final is not null && final != request.Outcome))
        {
            await transaction.CommitAsync(cancellationToken);
            executor.Wake();
            return (unread ? PaymentErrors.RailUnavailable : PaymentErrors.RailDisagrees(answer.Summary)).ToResult();
        }

        var row = request.Outcome == Completed
            ? await FinishPayment.CompleteAsync(transaction, current, seals, cancellationToken)
            : await FinishPayment.RejectAsync(transaction, current, ReasonOf(request, answer), cancellationToken);
        await SettlementTable.AddAsync(
            transaction, row.PaymentId, request.Outcome, request.Reason, answer.Summary, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        LogSettled(row.PaymentId, request.Outcome, answer.Summary);
        return Results.Ok(PaymentView.OfReview(row, seals.DetailsOf(row)));
    }

    /// <summary>The rail's own reason is the true one.</summary>
    private static string ReasonOf(Request request, TransferAnswer answer) =>
        answer is TransferAnswer.Failed failed ? failed.Reason : request.FailureReason ?? FailureReasons.NotExecuted;

    private static string? FinalOf(TransferAnswer answer) => answer switch
    {
        TransferAnswer.Completed => Completed,
        TransferAnswer.Failed or TransferAnswer.Cancelled => Failed,
        _ => null,
    };

    private async Task<(PaymentRow? Payment, string? Settled)> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var payment = await connection.QuerySingleOrDefaultAsync<PaymentRow>(
            $"SELECT {PaymentRow.Columns} FROM payments.payment WHERE payment_id = @id", new { id }, cancellationToken);
        return (payment, await SettlementTable.OutcomeAsync(connection, id, cancellationToken));
    }

    private async Task<SubmissionClaim?> TakeAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await SubmissionTable.TakeAsync(connection, id, 2 * turns.LeaseSeconds, cancellationToken);
    }

    /// <exception cref="RejectedException">400 validation_failed.</exception>
    private static Request Checked(Request request) => request switch
    {
        { Outcome: not (Completed or Failed) } => throw Invalid("outcome", "outcome — completed или failed."),
        { Reason: null } => throw Invalid("reason", "reason — почему, до 500 символов."),
        _ when string.IsNullOrWhiteSpace(request.Reason) || request.Reason.Length > MaxReasonCharacters
            || request.Reason.Contains('\0') =>
            throw Invalid("reason", $"reason — почему, до {MaxReasonCharacters} символов."),
        { FailureReason: { } reason } when request.Outcome != Failed
            || (reason != FailureReasons.NotExecuted && !FailureReasons.OfRail.Contains(reason)) =>
            throw Invalid("failureReason", "failureReason — известная причина отказа, только при outcome failed."),
        _ => request,
    };

    private static RejectedException Invalid(string field, string message) =>
        new(CommonErrors.ValidationFailed(field, message));

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Payment {PaymentId} was settled by hand as {Outcome}; the rail said {RailAnswer}")]
    private partial void LogSettled(Guid paymentId, string outcome, string railAnswer);
}
