using System.Diagnostics;
using ArdorQr.Payments.Clients;
using ArdorQr.Payments.Database;
using ArdorQr.Payments.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Faults;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Identity;
using Npgsql;

namespace ArdorQr.Payments.Features;

/// <summary>
/// POST /v1/payments/{id}/confirm: debits the payment and has it executed. The intent is committed before Ledger is
/// asked, so that a crash at any line leaves something to go on from; whoever comes second goes on with the same
/// attempt, so that any number of confirms is one debit.
/// </summary>
internal sealed class ConfirmPayment(
    ServiceDatabase database, DebitPayment debit, DepositsClient deposits, IdempotentRequests requests, FaultHook faults,
    TimeProvider time, IHostApplicationLifetime lifetime)
{
    internal sealed record Request;

    /// <summary>What the payment's row said under its lock.</summary>
    private abstract record Intent
    {
        private Intent()
        {
        }

        internal sealed record Open(PaymentRow Payment, Guid AttemptId, bool IsLate) : Intent;

        internal sealed record Answered(Answer Answer) : Intent;
    }

    public static void Map(RouteGroupBuilder api) =>
        api.MapPost("/payments/{id}/confirm", static (
            string id, HttpContext context, ConfirmPayment feature, CancellationToken cancellationToken) =>
            feature.HandleAsync(ListQuery.Id(id), context, cancellationToken));

    private async Task<IResult> HandleAsync(Guid id, HttpContext context, CancellationToken cancellationToken)
    {
        var caller = KeyRights.PayerOf(context);
        var body = await JsonBody.ReadBytesAsync(context, cancellationToken);
        if (body.Length > 0)
        {
            _ = JsonBody.Parse<Request>(body) ?? throw new RejectedException(CommonErrors.BadJson);
        }

        return await requests.RunAsync(
            context, $"POST /v1/payments/{id}/confirm", body,
            call => ExecuteAsync(caller, id, call, cancellationToken), cancellationToken);
    }

    private async Task<Answer> ExecuteAsync(
        CallerIdentity caller, Guid id, IdempotentCall call, CancellationToken cancellationToken)
    {
        var intent = await OpenAsync(caller, id, call, cancellationToken);
        if (intent is not Intent.Open { Payment: var payment } open)
        {
            return ((Intent.Answered)intent).Answer;
        }

        faults.Reach("payments.intent-committed");
        var finish = lifetime.ApplicationStopped; // From here on money may move: the caller's going away stops nothing.
        var outcome = await debit.RunAsync(
            payment, open.AttemptId, open.IsLate,
            (transaction, row) => call.KeepAsync(transaction, Shown(row), finish), finish);
        return outcome switch
        {
            DebitOutcome.Debited debited => Shown(debited.Payment),
            DebitOutcome.InsufficientFunds(var balance, var total) =>
                call.Of(PaymentErrors.InsufficientFunds(
                    balance, total,
                    await deposits.QuoteAsync(caller.MerchantId, caller.Mode, total - balance, cancellationToken))),
            DebitOutcome.Expired => call.Of(PaymentErrors.Expired),
            DebitOutcome.Unknown => call.Of(CommonErrors.Unavailable),
            _ => throw new UnreachableException(),
        };
    }

    private async Task<Intent> OpenAsync(
        CallerIdentity caller, Guid id, IdempotentCall call, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        var payment = await PaymentTable.LockAsync(transaction, id, caller.MerchantId, caller.Mode, cancellationToken);
        switch (payment)
        {
            case null:
                return new Intent.Answered(call.Of(CommonErrors.NotFound));
            case { State: PaymentState.Expired }:
                return new Intent.Answered(call.Of(PaymentErrors.Expired));
            case not { State: PaymentState.Resolved }:
                return new Intent.Answered(Shown(payment));
            case { OpenAttemptId: { } attempt }:
                return new Intent.Open(payment, attempt, await IsLateAsync(transaction, id, cancellationToken));
        }

        if (payment.TotalKopecks > caller.Limits.MaxPayment)
        {
            return new Intent.Answered(call.Of(PaymentErrors.KeyMaxPayment(caller.Limits.MaxPayment!.Value)));
        }

        var opened = Guid.CreateVersion7(time.GetUtcNow());
        try
        {
            if (await AttemptTable.TryOpenAsync(transaction, id, opened, cancellationToken))
            {
                if (await KeyBudgets.ReserveAsync(
                    transaction, opened, payment.TotalKopecks, caller.Limits.DailyBudgets, cancellationToken) is { } full)
                {
                    return new Intent.Answered(call.Of(PaymentErrors.KeyDailyLimit(full.Limit))); // Rolled back.
                }

                await transaction.CommitAsync(cancellationToken);
                return new Intent.Open(payment, opened, IsLate: false);
            }
        }
        catch (PostgresException exception) when (exception.ConstraintName == PaymentTable.SingleUseConstraint)
        {
            return new Intent.Answered(call.Of(PaymentErrors.Duplicate));
        }

        await PaymentTable.ExpireAsync(transaction, payment, cancellationToken);
        var answer = await call.KeepAsync(transaction, call.Of(PaymentErrors.Expired), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new Intent.Answered(answer);
    }

    private static Task<bool> IsLateAsync(
        ServiceTransaction transaction, Guid id, CancellationToken cancellationToken) =>
        transaction.QuerySingleAsync<bool>(
            "SELECT expires_at <= clock_timestamp() FROM payments.payment WHERE payment_id = @id",
            new { id }, cancellationToken);

    private static Answer Shown(PaymentRow payment) => Answer.Of(StatusCodes.Status200OK, PaymentView.Of(payment));
}
