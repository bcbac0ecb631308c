using ArdorQr.Contracts;
using ArdorQr.Payments.Clients;
using ArdorQr.Payments.Database;
using ArdorQr.Payments.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Identity;
using Microsoft.Extensions.Options;

namespace ArdorQr.Payments.Features;

/// <summary>
/// POST /v1/payments/{id}/preview: what a confirm would do now, by the balance, the limits and the rail's word on the
/// code. It changes nothing and promises nothing.
/// </summary>
internal static class PreviewPayment
{
    /// <summary>The reason when a confirm would only show the payment as it is: it was confirmed before.</summary>
    private const string AlreadyConfirmed = "payment_already_confirmed";

    private const string InsufficientFunds = "insufficient_funds";

    internal sealed record Request;

    internal sealed record Response(
        bool Payable,
        Kopecks TotalMinor,
        Kopecks BalanceMinor,
        Kopecks BalanceAfterMinor,
        Kopecks ShortfallMinor,
        IReadOnlyList<string> Reasons);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/payments/{id}/preview", HandleAsync);

    private static async Task<IResult> HandleAsync(
        string id, HttpContext context, ServiceDatabase database, LedgerBalanceClient ledger, Rails rails,
        PaymentSeals seals, IOptions<PaymentsOptions> options, CancellationToken cancellationToken)
    {
        var paymentId = ListQuery.Id(id);
        _ = await JsonBody.ReadOptionalAsync<Request>(context, cancellationToken);
        if (await ReadAsync(database, paymentId, CallerIdentity.Of(context.User), cancellationToken) is not { } read)
        {
            return CommonErrors.NotFound.ToResult();
        }

        var (payment, reasons) = read;
        var mayBePaid = payment.State == PaymentState.Resolved && reasons.Count == 0;
        var ofRail = mayBePaid ? AskRailAsync(rails, payment, seals, cancellationToken) : Task.FromResult<string?>(null);
        var balance = await ledger.BalanceAsync(payment.MerchantId, payment.Mode, cancellationToken);
        reasons.AddRange(mayBePaid ? [OfLimits(payment.AmountKopecks, options.Value), await ofRail] : []);
        var total = payment.TotalKopecks;
        var shortfall = Kopecks.Max(total - balance, Kopecks.Zero);
        reasons.Add(
            payment.State == PaymentState.Resolved && shortfall > Kopecks.Zero ? InsufficientFunds : null);
        List<string> said = [.. reasons.OfType<string>()];
        var payable = said.Count == 0;
        return Results.Ok(new Response(payable, total, balance, payable ? balance - total : balance, shortfall, said));
    }

    /// <summary>The limits may have been changed since the payment was made.</summary>
    private static string? OfLimits(Kopecks amount, PaymentsOptions limits) =>
        amount.Value < limits.MinMinor ? PaymentErrors.AmountBelowMin(new Kopecks(limits.MinMinor)).Code
        : amount.Value > limits.MaxMinor ? PaymentErrors.AmountAboveMax(new Kopecks(limits.MaxMinor)).Code
        : null;

    /// <summary>Why the rail wouldn't pay this code now; null when it would.</summary>
    private static async Task<string?> AskRailAsync(
        Rails rails, PaymentRow payment, PaymentSeals seals, CancellationToken cancellationToken)
    {
        if (rails.Of(payment.Mode) is not { } rail || rail.Name != payment.Rail)
        {
            return PaymentErrors.RailUnavailable.Code;
        }

        return await rail.ResolveAsync(seals.DetailsOf(payment).QrCanonical, cancellationToken) switch
        {
            ResolveAnswer.Payable { Amount: { } amount } when amount != payment.AmountKopecks =>
                PaymentErrors.QrTampered.Code,
            ResolveAnswer.Payable => null,
            var refusal => PaymentErrors.Of(refusal).Code,
        };
    }

    private static async Task<(PaymentRow Payment, List<string?> Reasons)?> ReadAsync(
        ServiceDatabase database, Guid paymentId, CallerIdentity caller, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT payment.expires_at <= clock_timestamp() AS is_late,
                EXISTS (
                    SELECT FROM payments.payment AS holder
                    WHERE holder.mode = payment.mode
                      AND coalesce(holder.single_use_hash, payments.code_hash(holder.single_use_key))
                          = coalesce(payment.single_use_hash, payments.code_hash(payment.single_use_key))
                      AND (holder.single_use_hash IS NOT NULL OR holder.single_use_key IS NOT NULL)
                      AND holder.payment_id <> payment.payment_id
                      AND (holder.open_attempt_id IS NOT NULL
                           OR holder.state IN ('confirming', 'refunding', 'completed'))
                ) AS is_held
            FROM payments.payment AS payment
            WHERE payment_id = @paymentId
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var payment = await PaymentTable.FindAsync(
            connection, paymentId, caller.MerchantId, caller.Mode, cancellationToken);
        if (payment is null)
        {
            return null;
        }

        var (isLate, isHeld) = await connection.QuerySingleAsync<(bool, bool)>(
            sql, new { paymentId }, cancellationToken);
        List<string?> reasons = payment.State switch
        {
            PaymentState.Expired => [PaymentErrors.Expired.Code],
            PaymentState.Resolved when isLate => [PaymentErrors.Expired.Code],
            PaymentState.Resolved when isHeld => [PaymentErrors.Duplicate.Code],
            PaymentState.Resolved => [],
            _ => [AlreadyConfirmed],
        };
        if (payment.State == PaymentState.Resolved
            && (payment.TotalKopecks > caller.Limits.MaxPayment
                || await KeyBudgets.FullAsync(
                    connection, payment.TotalKopecks, caller.Limits.DailyBudgets, cancellationToken) is not null))
        {
            reasons.Add(PaymentErrors.KeyDailyLimit(Kopecks.Zero).Code);
        }

        return (payment, reasons);
    }
}
