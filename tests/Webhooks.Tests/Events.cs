using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Contracts.Events;

namespace ArdorQr.Webhooks.Tests;

/// <summary>Owners' events with snapshots that a careless serialization would change.</summary>
internal static class Events
{
    public const string Snapshot =
        """{"id":"0197","amount":125.50,"rate":92.340000,"merchantName":"ООО «Ромашка»","reference":null}""";

    public static DateTimeOffset CreatedAt { get; } = new(2026, 6, 19, 12, 0, 0, 123, 456, TimeSpan.Zero);

    public static DepositDetected DepositDetected(Guid merchantId, Mode? mode = null) => new()
    {
        EventId = WebhooksHost.NewId(), CreatedAt = CreatedAt, MerchantId = merchantId, Mode = mode ?? Mode.Test,
        DepositId = WebhooksHost.NewId(), Deposit = Json(Snapshot),
    };

    public static DepositCredited DepositCredited(Guid merchantId) => new()
    {
        EventId = WebhooksHost.NewId(), CreatedAt = CreatedAt, MerchantId = merchantId, Mode = Mode.Test,
        DepositId = WebhooksHost.NewId(), Deposit = Json(Snapshot),
    };

    public static PaymentProcessing PaymentProcessing(Guid merchantId) => new()
    {
        EventId = WebhooksHost.NewId(), CreatedAt = CreatedAt, MerchantId = merchantId, Mode = Mode.Test,
        PaymentId = WebhooksHost.NewId(), Payment = Json(Snapshot),
    };

    public static PaymentCompleted PaymentCompleted(Guid merchantId) => new()
    {
        EventId = WebhooksHost.NewId(), CreatedAt = CreatedAt, MerchantId = merchantId, Mode = Mode.Test,
        PaymentId = WebhooksHost.NewId(), DebitId = WebhooksHost.NewId(), AmountMinor = new Kopecks(125_000),
        FeeMinor = Kopecks.Zero, Payment = Json(Snapshot),
    };

    public static PaymentFailed PaymentFailed(Guid merchantId) => new()
    {
        EventId = WebhooksHost.NewId(), CreatedAt = CreatedAt, MerchantId = merchantId, Mode = Mode.Test,
        PaymentId = WebhooksHost.NewId(), Payment = Json(Snapshot),
    };

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement.Clone();
}
