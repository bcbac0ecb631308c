using ArdorQr.Contracts.Events;
using ArdorQr.Ledger.Database;
using ArdorQr.Ledger.Domain;
using MassTransit;

namespace ArdorQr.Ledger.Features;

/// <summary>
/// PaymentContradicted → what the rail did against an operator's word moves between the rail's settlement and its
/// discrepancy, once per payment and beside the merchant's money → DiscrepancyBooked, also to a repeated one.
/// </summary>
internal sealed class BookDiscrepancy(PostingEngine engine, TimeProvider time) : IConsumer<PaymentContradicted>
{
    public const string Queue = "ledger.payment-contradicted";

    public async Task Consume(ConsumeContext<PaymentContradicted> context)
    {
        var message = context.Message;
        var discrepancy = new TransferRequest.Discrepancy(
            message.PaymentId, new WalletKey(message.MerchantId, message.Mode), message.DebitId,
            message.RailHasPaid ? -message.AmountMinor : message.AmountMinor,
            AnswerEventId: Guid.CreateVersion7(time.GetUtcNow()));
        var announcement = new Announcement(
            Queue, message.EventId, (transaction, transfer) => transaction.Enqueue(AnswerOf(transfer)));

        var outcome = await engine.PostAsync(discrepancy, announcement, context.CancellationToken);
        outcome.TransferOrDefect(message.EventId);
    }

    private static DiscrepancyBooked AnswerOf(Transfer transfer) => new()
    {
        EventId = transfer.AnswerEventId!.Value,
        CreatedAt = transfer.CreatedAt,
        MerchantId = transfer.MerchantId,
        Mode = transfer.Mode,
        PaymentId = transfer.SourceId,
    };
}
