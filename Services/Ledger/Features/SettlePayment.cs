using ArdorQr.Contracts.Events;
using ArdorQr.Ledger.Database;
using ArdorQr.Ledger.Domain;
using MassTransit;

namespace ArdorQr.Ledger.Features;

/// <summary>
/// PaymentCompleted → the debit moves on to the rail's settlement and the fee income, once per debit → PaymentSettled,
/// also to a repeated one. Payments completes only what Ledger told it is posted, so a debit that is missing here, or
/// was refunded, is a defect and no matter of time.
/// </summary>
internal sealed class SettlePayment(PostingEngine engine, TimeProvider time) : IConsumer<PaymentCompleted>
{
    public const string Queue = "ledger.payment-completed";

    public async Task Consume(ConsumeContext<PaymentCompleted> context)
    {
        var message = context.Message;
        var total = (Int128)message.AmountMinor.Value + message.FeeMinor.Value;
        var sums = total <= long.MaxValue ? Sums.TryOf(message.AmountMinor, message.FeeMinor, new((long)total)) : null;
        var settlement = new TransferRequest.Settlement(
            message.EventId, new WalletKey(message.MerchantId, message.Mode), message.PaymentId, message.DebitId,
            sums.SumsOrDefect(message.EventId), AnswerEventId: Guid.CreateVersion7(time.GetUtcNow()));
        var announcement = new Announcement(
            Queue, message.EventId, (transaction, transfer) => transaction.Enqueue(AnswerOf(transfer)));

        var outcome = await engine.PostAsync(settlement, announcement, context.CancellationToken);
        outcome.TransferOrDefect(message.EventId);
    }

    private static PaymentSettled AnswerOf(Transfer transfer) => new()
    {
        EventId = transfer.AnswerEventId!.Value,
        CreatedAt = transfer.CreatedAt,
        MerchantId = transfer.MerchantId,
        Mode = transfer.Mode,
        PaymentId = transfer.SourceId,
        DebitId = transfer.DebitId!.Value,
    };
}
