namespace ArdorQr.Webhooks.Domain;

/// <summary>The five types of events that merchants receive, as the contract names them.</summary>
internal static class WebhookTypes
{
    public const string DepositPending = "deposit.pending";
    public const string DepositCredited = "deposit.credited";
    public const string PaymentProcessing = "payment.processing";
    public const string PaymentCompleted = "payment.completed";
    public const string PaymentFailed = "payment.failed";

    public static IReadOnlyList<string> All { get; } =
        [DepositPending, DepositCredited, PaymentProcessing, PaymentCompleted, PaymentFailed];
}
