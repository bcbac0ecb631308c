using ArdorQr.Contracts.Events;
using ArdorQr.Webhooks.Domain;
using MassTransit;

namespace ArdorQr.Webhooks.Features;

/// <summary>DepositDetected → the webhook deposit.pending is owed to the merchant.</summary>
internal sealed class AnnounceDepositPending(EventIntake intake) : IConsumer<DepositDetected>
{
    internal const string Queue = "webhooks.deposit-detected";

    public Task Consume(ConsumeContext<DepositDetected> context)
    {
        var message = context.Message;
        return intake.StoreAsync(
            Queue,
            new OwnerEvent(
                message.EventId, message.MerchantId, message.Mode, WebhookTypes.DepositPending, message.CreatedAt,
                message.Deposit),
            context.CancellationToken);
    }
}
