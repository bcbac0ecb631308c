using ArdorQr.Contracts.Events;
using ArdorQr.Webhooks.Domain;
using MassTransit;

namespace ArdorQr.Webhooks.Features;

/// <summary>PaymentCompleted → the webhook payment.completed is owed to the merchant.</summary>
internal sealed class AnnouncePaymentCompleted(EventIntake intake) : IConsumer<PaymentCompleted>
{
    internal const string Queue = "webhooks.payment-completed";

    public Task Consume(ConsumeContext<PaymentCompleted> context)
    {
        var message = context.Message;
        return intake.StoreAsync(
            Queue,
            new OwnerEvent(
                message.EventId, message.MerchantId, message.Mode, WebhookTypes.PaymentCompleted, message.CreatedAt,
                message.Payment),
            context.CancellationToken);
    }
}
