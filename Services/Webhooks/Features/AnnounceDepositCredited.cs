using ArdorQr.Contracts.Events;
using ArdorQr.Webhooks.Domain;
using MassTransit;

namespace ArdorQr.Webhooks.Features;

/// <summary>DepositCredited → the webhook deposit.credited is owed to the merchant.</summary>
internal sealed class AnnounceDepositCredited(EventIntake intake) : IConsumer<DepositCredited>
{
    internal const string Queue = "webhooks.deposit-credited";

    public Task Consume(ConsumeContext<DepositCredited> context)
    {
        var message = context.Message;
        return intake.StoreAsync(
            Queue,
            new OwnerEvent(
                message.EventId, message.MerchantId, message.Mode, WebhookTypes.DepositCredited, message.CreatedAt,
                message.Deposit),
            context.CancellationToken);
    }
}
