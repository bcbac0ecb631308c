using System.Diagnostics;
using ArdorQr.Contracts;
using ArdorQr.Payments.Clients;
using ArdorQr.Payments.Domain.Qr;
using ArdorQr.ServiceDefaults.Errors;

namespace ArdorQr.Payments;

/// <summary>Every error of its own that Payments can answer; refusals of codes bring their text along.</summary>
internal static class PaymentErrors
{
    private const int RailRetryAfterSeconds = 5;

    public static ApiError Expired { get; } = new(
        "payment_expired", 409, "Срок платежа истёк. Создайте платёж заново.");

    public static ApiError Duplicate { get; } = new(
        "payment_duplicate", 409, "Этот одноразовый QR-код уже оплачивается или оплачен другим платежом.");

    public static ApiError IdempotencyKeyInvalid { get; } = new(
        "idempotency_key_invalid", 400, "Заголовок Idempotency-Key — непустая строка до 255 символов.");

    public static ApiError IdempotencyKeyReused { get; } = new(
        "idempotency_key_reused", 422, "Этот Idempotency-Key уже использован с другим телом запроса.");

    public static ApiError QrExpired { get; } = new("qr_expired", 409, "Срок действия QR-кода истёк.");

    public static ApiError QrAlreadyPaid { get; } = new("qr_already_paid", 409, "Этот QR-код уже оплачен.");

    public static ApiError QrCancelled { get; } = new("qr_cancelled", 409, "Получатель отменил этот QR-код.");

    public static ApiError QrNotFound { get; } = new("qr_not_found", 422, "Платёжная система не знает этот QR-код.");

    public static ApiError QrTampered { get; } = new(
        "qr_tampered", 422,
        "Сумма в QR-коде отличается от суммы, которую называет платёжная система. Не оплачивайте этот код.");

    public static ApiError AmountRequired { get; } = new(
        "amount_required", 422, "В QR-коде нет суммы: укажите её в поле amountMinor.");

    public static ApiError NotInReview { get; } = new(
        "payment_not_in_review", 409, "Платёж не ждёт решения оператора.");

    public static ApiError BusyWithRail { get; } = new(
        "payment_busy", 409, "Платёж сейчас проверяется в платёжной системе. Повторите запрос позже.")
    {
        RetryAfterSeconds = RailRetryAfterSeconds,
    };

    public static ApiError RailUnavailable { get; } = new(
        "rail_unavailable", 503, "Платёжная система временно недоступна. Повторите запрос позже.")
    {
        RetryAfterSeconds = RailRetryAfterSeconds,
    };

    /// <summary>To a rail, not to a merchant.</summary>
    public static ApiError CallbackSignatureInvalid { get; } = new("unauthorized", 401, "Подпись неверна или устарела.");

    public static ApiError RailDisagrees(string answer) => new(
        "rail_disagrees", 409, "Платёжная система уже назвала другой окончательный исход платежа.")
    {
        Details = new { railAnswer = answer },
    };

    public static ApiError IdempotencyInProgress(int retryAfterSeconds) => new(
        "idempotency_in_progress", 409, "Первый запрос с этим Idempotency-Key ещё выполняется. Повторите позже.")
    {
        RetryAfterSeconds = retryAfterSeconds,
    };

    public static ApiError AmountMismatch(Kopecks expected) => new(
        "amount_mismatch", 422, $"Сумма в QR-коде — {Roubles(expected)}, она не совпадает с amountMinor.")
    {
        Details = new { expectedMinor = expected },
    };

    public static ApiError AmountBelowMin(Kopecks minimum) => new(
        "amount_below_min", 422, $"Сумма меньше минимальной: {Roubles(minimum)}.")
    {
        Details = new { minMinor = minimum },
    };

    public static ApiError AmountAboveMax(Kopecks maximum) => new(
        "amount_above_max", 422, $"Сумма больше максимальной: {Roubles(maximum)}.")
    {
        Details = new { maxMinor = maximum },
    };

    /// <param name="balance">What the wallet holds.</param>
    /// <param name="total">What the payment takes.</param>
    /// <param name="topUp">What to send to make up for it; left out of the details when nobody could say.</param>
    public static ApiError InsufficientFunds(Kopecks balance, Kopecks total, TopUp? topUp) => new(
        "insufficient_funds", 402, $"Недостаточно средств: не хватает {Roubles(total - balance)}.")
    {
        Details = topUp is null
            ? new { balanceMinor = balance, totalMinor = total, shortfallMinor = total - balance }
            : new { balanceMinor = balance, totalMinor = total, shortfallMinor = total - balance, topUp },
    };

    /// <summary>The key's own limit; a new day, or another key, may pay it.</summary>
    public static ApiError KeyMaxPayment(Kopecks maximum) => new(
        "limit_exceeded", 422, $"Сумма больше разрешённой этому ключу за один платёж: {Roubles(maximum)}.")
    {
        Details = new { limit = "maxPaymentMinor", maxMinor = maximum },
    };

    /// <inheritdoc cref="KeyMaxPayment"/>
    public static ApiError KeyDailyLimit(Kopecks maximum) => new(
        "limit_exceeded", 422, $"Дневной лимит этого ключа исчерпан: {Roubles(maximum)} в сутки по московскому времени.")
    {
        Details = new { limit = "dailyLimitMinor", maxMinor = maximum },
    };

    /// <summary>Why the rail won't pay a code.</summary>
    public static ApiError Of(ResolveAnswer answer) => answer switch
    {
        ResolveAnswer.Expired => QrExpired,
        ResolveAnswer.Paid => QrAlreadyPaid,
        ResolveAnswer.Cancelled => QrCancelled,
        ResolveAnswer.NotFound => QrNotFound,
        ResolveAnswer.Unavailable => RailUnavailable,
        _ => throw new UnreachableException(),
    };

    public static ApiError Refused(QrRefusal refusal) =>
        new(refusal.Code, 422, refusal.Message) { Details = refusal.Details };

    private static string Roubles(Kopecks amount) => $"{amount.Value / 100}.{amount.Value % 100:00} ₽";
}
