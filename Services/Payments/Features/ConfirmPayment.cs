using System.Diagnostics;
using ArdorQr.Payments.Clients;
using ArdorQr.Payments.Database;
using ArdorQr.Payments.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Faults;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.ServiceDefaults.Recovery;
using Npgsql;

namespace ArdorQr.Payments.Features;

/// <summary>
/// POST /v1/payments/{id}/confirm: debits the payment and has it executed. The intent is committed before Ledger is
/// asked, so that a crash at any line leaves something to go on from; whoever comes second goes on with the same
/// attempt, so that any number of confirms is one debit.
/// </summary>
internal sealed class ConfirmPayment(
    DebitPayment debit, DepositsClient deposits, IdempotentRequests requests, FaultHook faults, RecoveryGate gate,
    PaymentSeals seals, TimeProvider time, IHostApplicationLifetime lifetime)
{
    internal sealed record Request;

    public static void Map(RouteGroupBuilder api) =>
        api.MapPost("/payments/{id}/confirm", static (
            string id, HttpContext context, ConfirmPayment feature, CancellationToken cancellationToken) =>
            feature.HandleAsync(ListQuery.Id(id), context, cancellationToken));

    private async Task<IResult> HandleAsync(Guid id, HttpContext context, CancellationToken cancellationToken)
    {
        if (!gate.IsOpen)
        {
            throw new RejectedException(CommonErrors.Unavailable); // The code may be paid already, by what was lost.
        }

        var caller = KeyRights.PayerOf(context);
        var body = await JsonBody.ReadBytesAsync(context, cancellationToken);
        if (body.Length > 0)
        {
            _ = JsonBody.Parse<Request>(body) ?? throw new RejectedException(CommonErrors.BadJson);
        }

        var isAlone = caller.Limits.DailyBudgets.Count > 0; // Other payments' confirms lock the same budgets.
        var operation = $"POST /v1/payments/{id}/confirm";
        return await requests.RunAsync(context, operation, body, id, isAlone, async (transaction, enter, token) =>
        {
            var payment = await PaymentTable.LockAsync(transaction, id, caller.MerchantId, caller.Mode, token);
            return await enter() switch
            {
                Entry.Turned { Answer: var answer } => new Beginning.Ended(answer),
                Entry.Admitted { Call: var call } => await OpenAsync(caller, payment, call, transaction, token),
                _ => throw new UnreachableException(),
            };
        }, cancellationToken);
    }

    private async Task<Beginning> OpenAsync(
        CallerIdentity caller, PaymentRow? payment, IdempotentCall call, ServiceTransaction transaction,
        CancellationToken cancellationToken)
    {
        switch (payment)
        {
            case null:
                return new Beginning.Ended(call.Of(CommonErrors.NotFound));
            case { State: PaymentState.Expired }:
                return new Beginning.Ended(call.Of(PaymentErrors.Expired));
            case not { State: PaymentState.Resolved }:
                return new Beginning.Ended(Shown(payment));
            case { OpenAttemptId: { } attempt }:
                var mayDebit = await AttemptTable.MayDebitAsync(transaction, payment.PaymentId, cancellationToken);
                return new Beginning.GoesOn(() => DebitAsync(caller, payment, attempt, mayDebit, call));
        }

        if (payment.TotalKopecks > caller.Limits.MaxPayment)
        {
            return new Beginning.Ended(call.Of(PaymentErrors.KeyMaxPayment(caller.Limits.MaxPayment!.Value)));
        }

        var opened = Guid.CreateVersion7(time.GetUtcNow());
        try
        {
            if (await AttemptTable.TryOpenAsync(transaction, payment.PaymentId, opened, cancellationToken))
            {
                return await KeyBudgets.ReserveAsync(
                    transaction, opened, payment.TotalKopecks, caller.Limits.DailyBudgets, cancellationToken) is { } full
                    ? new Beginning.Ended(call.Of(PaymentErrors.KeyDailyLimit(full.Limit)))
                    : new Beginning.GoesOn(() => DebitAsync(caller, payment, opened, mayDebit: true, call));
            }
        }
        catch (PostgresException exception) when (
            exception.ConstraintName is PaymentTable.SingleUseConstraint or UnmatchedTransfers.Constraint)
        {
            return new Beginning.Ended(call.Of(PaymentErrors.Duplicate));
        }

        await PaymentTable.ExpireAsync(transaction, payment, cancellationToken);
        return new Beginning.Ended(call.Of(PaymentErrors.Expired));
    }

    private async Task<Answer> DebitAsync(
        CallerIdentity caller, PaymentRow payment, Guid attempt, bool mayDebit, IdempotentCall call)
    {
        faults.Reach("payments.intent-committed");
        var finish = lifetime.ApplicationStopped; // From here on money may move: the caller's going away stops nothing.
        var outcome = await debit.RunAsync(
            payment, attempt, mayDebit,
            (transaction, row) => call.KeepAsync(transaction, Shown(row), finish), finish);
        return outcome switch
        {
            DebitOutcome.Debited debited => Shown(debited.Payment),
            DebitOutcome.InsufficientFunds(var balance, var total) =>
                call.Of(PaymentErrors.InsufficientFunds(
                    balance, total, await deposits.QuoteAsync(caller.MerchantId, caller.Mode, total - balance, finish))),
            DebitOutcome.Expired => call.Of(PaymentErrors.Expired),
            DebitOutcome.CodeHeld => call.Of(PaymentErrors.Duplicate),
            DebitOutcome.Unknown => call.Of(CommonErrors.Unavailable),
            _ => throw new UnreachableException(),
        };
    }

    private Answer Shown(PaymentRow payment) =>
        Answer.Of(StatusCodes.Status200OK, PaymentView.Of(payment, seals.DetailsOf(payment)));
}
