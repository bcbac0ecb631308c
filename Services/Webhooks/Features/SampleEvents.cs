using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.Webhooks.Domain;

namespace ArdorQr.Webhooks.Features;

/// <summary>
/// The objects of sample events: shaped as a deposit's and a payment's GET shows them, with fresh ids that lead to
/// nothing.
/// </summary>
internal static class SampleEvents
{
    private const string Currency = "RUB";
    private const int PaymentLifetimeSeconds = 600;

    public static JsonElement DataOf(string type, Mode mode, TimeProvider time) =>
        type is WebhookTypes.DepositPending or WebhookTypes.DepositCredited
            ? Deposit(type == WebhookTypes.DepositCredited, time)
            : Payment(type, mode, time);

    private static JsonElement Deposit(bool credited, TimeProvider time)
    {
        var now = time.GetUtcNow();
        return ApiJson.Snapshot(new
        {
            id = Guid.CreateVersion7(now),
            status = credited ? "credited" : "pending",
            asset = "USDT",
            network = "TON",
            amount = 125.5m,
            rate = credited ? 92.34m : (decimal?)null,
            rateAt = credited ? now : (DateTimeOffset?)null,
            feeBps = 150,
            grossMinor = credited ? 1_158_867 : (long?)null,
            feeMinor = credited ? 17_384 : (long?)null,
            creditedMinor = credited ? 1_141_483 : (long?)null,
            currency = Currency,
            txHash = new string('0', 64),
            fromAddress = "0:" + new string('0', 64),
            toAddress = "0:" + new string('0', 64),
            operationId = credited ? Guid.CreateVersion7(now) : (Guid?)null,
            createdAt = now,
            creditedAt = credited ? now : (DateTimeOffset?)null,
        });
    }

    private static JsonElement Payment(string type, Mode mode, TimeProvider time)
    {
        var now = time.GetUtcNow();
        return ApiJson.Snapshot(new
        {
            id = Guid.CreateVersion7(now),
            status = type switch
            {
                WebhookTypes.PaymentCompleted => "completed",
                WebhookTypes.PaymentFailed => "failed",
                _ => "confirming",
            },
            merchantName = "ООО Ромашка",
            merchantBank = "Сбербанк",
            amountMinor = 125_000,
            feeMinor = 0,
            totalMinor = 125_000,
            currency = Currency,
            reference = "sample",
            expiresAt = now.AddSeconds(PaymentLifetimeSeconds),
            operationId = Guid.CreateVersion7(now),
            failureReason = type == WebhookTypes.PaymentFailed ? "payee_rejected" : null,
            qr = new { format = "sbp", kind = "dynamic", warnings = Array.Empty<string>() },
            mode,
            createdAt = now,
            confirmedAt = now,
            completedAt = type == WebhookTypes.PaymentCompleted ? now : (DateTimeOffset?)null,
        });
    }
}
