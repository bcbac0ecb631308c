using ArdorQr.Contracts.Events;
using ArdorQr.Webhooks.Domain;
using MassTransit;

namespace ArdorQr.Webhooks.Features;

/// <summary>PaymentProcessing → the webhook payment.processing is owed to the merchant.</summary>
internal sealed class AnnouncePaymentProcessing(EventIntake intake) : IConsumer<PaymentProcessing>
{
    internal const string Queue = "webhooks.payment-processing";

    public Task Consume(ConsumeContext<PaymentProcessing> context)
    {
        var message = context.Message;
        return intake.StoreAsync(
            Queue,
            new OwnerEvent(
                message.EventId, message.MerchantId, message.Mode, WebhookTypes.PaymentProcessing, message.CreatedAt,
                message.Payment),
            context.CancellationToken);
    }
}
