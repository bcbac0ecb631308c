using ArdorQr.Contracts;
using ArdorQr.Contracts.Events;
using ArdorQr.Ledger.Database;
using ArdorQr.Ledger.Domain;
using MassTransit;

namespace ArdorQr.Ledger.Features;

/// <summary>
/// PaymentRejected → the whole debit goes back into the wallet, once per debit → PaymentRefunded, also to a repeated
/// one. A debit that is missing here, or was settled, is a defect: see <see cref="SettlePayment"/>.
/// </summary>
internal sealed class RefundPayment(PostingEngine engine, TimeProvider time) : IConsumer<PaymentRejected>
{
    public const string Queue = "ledger.payment-rejected";

    private const string Description = "Возврат по платежу";

    public async Task Consume(ConsumeContext<PaymentRejected> context)
    {
        var (message, now) = (context.Message, time.GetUtcNow());
        var refund = new TransferRequest.Refund(
            message.EventId, new WalletKey(message.MerchantId, message.Mode), message.PaymentId, message.DebitId,
            Sums.TryOf(message.TotalMinor, Kopecks.Zero, message.TotalMinor).SumsOrDefect(message.EventId),
            Description, OperationId: Guid.CreateVersion7(now), AnswerEventId: Guid.CreateVersion7(now));
        var announcement = new Announcement(
            Queue, message.EventId, (transaction, transfer) => transaction.Enqueue(AnswerOf(transfer)));

        var outcome = await engine.PostAsync(refund, announcement, context.CancellationToken);
        outcome.TransferOrDefect(message.EventId);
    }

    private static PaymentRefunded AnswerOf(Transfer transfer) => new()
    {
        EventId = transfer.AnswerEventId!.Value,
        CreatedAt = transfer.CreatedAt,
        MerchantId = transfer.MerchantId,
        Mode = transfer.Mode,
        PaymentId = transfer.SourceId,
        OperationId = transfer.OperationId!.Value,
        TotalMinor = transfer.TotalKopecks!.Value,
    };
}
