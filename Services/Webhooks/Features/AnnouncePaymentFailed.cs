using ArdorQr.Contracts.Events;
using ArdorQr.Webhooks.Domain;
using MassTransit;

namespace ArdorQr.Webhooks.Features;

/// <summary>PaymentFailed → the webhook payment.failed is owed to the merchant.</summary>
internal sealed class AnnouncePaymentFailed(EventIntake intake) : IConsumer<PaymentFailed>
{
    internal const string Queue = "webhooks.payment-failed";

    public Task Consume(ConsumeContext<PaymentFailed> context)
    {
        var message = context.Message;
        return intake.StoreAsync(
            Queue,
            new OwnerEvent(
                message.EventId, message.MerchantId, message.Mode, WebhookTypes.PaymentFailed, message.CreatedAt,
                message.Payment),
            context.CancellationToken);
    }
}
