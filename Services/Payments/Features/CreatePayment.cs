using System.Diagnostics;
using ArdorQr.Contracts;
using ArdorQr.Payments.Clients;
using ArdorQr.Payments.Database;
using ArdorQr.Payments.Domain;
using ArdorQr.Payments.Domain.Qr;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Identity;
using Microsoft.Extensions.Options;

namespace ArdorQr.Payments.Features;

/// <summary>POST /v1/payments: reads a code, asks the rail who is paid and how much, and stores the offer.</summary>
internal sealed class CreatePayment(
    GroupCommit commits, Rails rails, IdempotentRequests requests, QrTables tables, PaymentSeals seals,
    IOptions<PaymentsOptions> options)
{
    private const int MaxReferenceCharacters = 128;
    private const string Operation = "POST /v1/payments";

    /// <summary>created_at pages a merchant's list, so each moment is one payment's: a taken one is left for the next.</summary>
    private const int MaxMoments = 100;

    internal sealed record Request
    {
        public required string Qr { get; init; }

        public string? Reference { get; init; }

        public Kopecks? AmountMinor { get; init; }
    }

    public static void Map(RouteGroupBuilder api) =>
        api.MapPost("/payments", static (
            HttpContext context, CreatePayment feature, CancellationToken cancellationToken) =>
            feature.HandleAsync(context, cancellationToken));

    private async Task<IResult> HandleAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var caller = KeyRights.PayerOf(context);
        var body = await JsonBody.ReadBytesAsync(context, cancellationToken);
        var request = Checked(JsonBody.Parse<Request>(body));
        return await requests.RunAsync(
            context, Operation, body,
            call => ExecuteAsync(caller, request, call, cancellationToken), cancellationToken);
    }

    private async Task<Answer> ExecuteAsync(
        CallerIdentity caller, Request request, IdempotentCall call, CancellationToken cancellationToken)
    {
        var reading = QrReader.Read(request.Qr, tables);
        if (reading is not QrReading.Payable { Code: var code })
        {
            return call.Of(PaymentErrors.Refused(((QrReading.Refused)reading).Refusal));
        }

        if (rails.Of(caller.Mode) is not { } rail)
        {
            return call.Of(PaymentErrors.RailUnavailable);
        }

        var canonical = CanonicalQr.Of(code);
        var resolved = await rail.ResolveAsync(canonical, cancellationToken);
        if (resolved is not ResolveAnswer.Payable found)
        {
            return call.Of(PaymentErrors.Of(resolved));
        }

        var settings = options.Value;
        var amount = PaymentAmount.Decide(
            code.Amount, found.Amount, request.AmountMinor,
            new Kopecks(settings.MinMinor), new Kopecks(settings.MaxMinor));
        if (amount is not PaymentAmount.Fixed { Amount: var sum })
        {
            return call.Of(ErrorOf(amount));
        }

        var (name, bank, inn) = found.Payee;
        if (Payee.Of(code, name, bank, inn, tables) is not { } payee)
        {
            return call.Of(PaymentErrors.RailUnavailable);
        }

        var offer = new Offer(code, canonical, rail.Name, payee, sum, found.ExpiresAt);
        return await StoreAsync(caller, request, call, offer, cancellationToken);
    }

    private async Task<Answer> StoreAsync(
        CallerIdentity caller, Request request, IdempotentCall call, Offer offer, CancellationToken cancellationToken)
    {
        // The code's own end may come before ours; one that has come already makes no payment.
        const string insertSql =
            $"""
            WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS at)
            INSERT INTO payments.payment (
                payment_id, merchant_id, mode, state, amount_kopecks, fee_kopecks, total_kopecks, payee_name,
                payee_bank, payee_inn, qr_format, qr_kind,
                qr_warnings, qr_text, qr_canonical, single_use_key,
                sealed, sealed_key_id, qr_lookup, single_use_hash, rail, reference,
                created_at, changed_at, expires_at)
            SELECT @paymentId, @merchantId, @mode, 'resolved', @amount, @fee, @total, @payeeName, @payeeBank,
                @payeeInn, @format, @kind, @warnings, @text, @canonical, @singleUseKey,
                @sealed, @sealedKeyId, @qrLookup, @singleUseHash, @rail, @reference,
                at, at, least(at + make_interval(secs => @lifetime), @codeExpiresAt)
            FROM moment
            WHERE @codeExpiresAt IS NULL OR @codeExpiresAt > at
            ON CONFLICT (merchant_id, mode, created_at) DO NOTHING
            RETURNING {PaymentRow.Columns}
            """;
        var fee = options.Value.Tariff.FeeOf(offer.Amount);
        var details = new PaymentDetails(
            offer.Payee.Name, offer.Payee.Bank, offer.Payee.Inn,
            request.Qr.Replace('\0', ' '), // PostgreSQL's text holds no NUL.
            offer.Canonical);
        var stored = seals.Store(call.PaymentId, details, offer.Code.SingleUseKey);
        var parameters = new
        {
            paymentId = call.PaymentId,
            merchantId = caller.MerchantId,
            mode = caller.Mode.Code,
            amount = offer.Amount,
            fee,
            total = offer.Amount + fee,
            payeeName = stored.Plain?.PayeeName,
            payeeBank = stored.Plain?.PayeeBank,
            payeeInn = stored.Plain?.PayeeInn,
            format = offer.Code.Format,
            kind = offer.Code is SbpQrCode { Kind: var kind } ? (kind == SbpKind.Dynamic ? "dynamic" : "static") : null,
            warnings = offer.Code.Warnings.ToArray(),
            text = stored.Plain?.QrText,
            canonical = stored.Plain?.QrCanonical,
            singleUseKey = stored.SingleUseKey,
            @sealed = stored.Sealed?.Bytes,
            sealedKeyId = stored.Sealed?.KeyId,
            qrLookup = stored.QrLookup,
            singleUseHash = stored.SingleUseHash,
            rail = offer.Rail,
            reference = request.Reference,
            lifetime = options.Value.LifetimeSeconds,
            codeExpiresAt = offer.CodeExpiresAt,
        };
        return await commits.RunAsync(call.PaymentId, async (transaction, token) =>
        {
            await call.EnsureHeldAsync(transaction, token);
            for (var attempt = 0; attempt < MaxMoments; attempt++)
            {
                if (await transaction.QuerySingleOrDefaultAsync<PaymentRow>(insertSql, parameters, token) is { } row)
                {
                    var answer = Answer.Of(StatusCodes.Status201Created, PaymentView.Of(row, details));
                    return Ended(await call.KeepAsync(transaction, answer, token));
                }

                if (await IsOverAsync(transaction, offer.CodeExpiresAt, token))
                {
                    return Ended(call.Of(PaymentErrors.QrExpired));
                }
            }

            return Ended(call.Of(CommonErrors.Unavailable)); // Nothing was stored; a repetition may succeed.
        }, cancellationToken);

        static UnitEnd<Answer> Ended(Answer answer) => new(answer, Commits: true);
    }

    private static async Task<bool> IsOverAsync(
        ServiceTransaction transaction, DateTimeOffset? codeExpiresAt, CancellationToken cancellationToken) =>
        codeExpiresAt is not null && await transaction.QuerySingleAsync<bool>(
            "SELECT @codeExpiresAt <= clock_timestamp()", new { codeExpiresAt }, cancellationToken);

    /// <exception cref="RejectedException">400 validation_failed.</exception>
    private static Request Checked(Request? request) => request switch
    {
        null => throw new RejectedException(CommonErrors.BadJson),
        { Qr: null } => throw Invalid("qr", "Поле «qr» — строка с содержимым QR-кода."),
        { Reference: { } reference } when reference.Contains('\0')
            || reference.EnumerateRunes().Count() > MaxReferenceCharacters =>
            throw Invalid("reference", $"Поле «reference» — строка до {MaxReferenceCharacters} символов."),
        { AmountMinor: { Value: < 1 } } => throw Invalid(
            "amountMinor", "Поле «amountMinor» — целое число копеек, не меньше 1."),
        _ => request,
    };

    private static RejectedException Invalid(string field, string message) =>
        new(CommonErrors.ValidationFailed(field, message));

    private static ApiError ErrorOf(PaymentAmount amount) => amount switch
    {
        PaymentAmount.Tampered => PaymentErrors.QrTampered,
        PaymentAmount.Required => PaymentErrors.AmountRequired,
        PaymentAmount.Mismatch { Expected: var expected } => PaymentErrors.AmountMismatch(expected),
        PaymentAmount.BelowMinimum { Minimum: var minimum } => PaymentErrors.AmountBelowMin(minimum),
        PaymentAmount.AboveMaximum { Maximum: var maximum } => PaymentErrors.AmountAboveMax(maximum),
        _ => throw new UnreachableException(),
    };

    private sealed record Offer(
        QrCode Code, string Canonical, string Rail, Payee Payee, Kopecks Amount, DateTimeOffset? CodeExpiresAt);
}
