using ArdorQr.Contracts.Events;
using ArdorQr.Ledger.Database;
using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Faults;
using MassTransit;

namespace ArdorQr.Ledger.Features;

/// <summary>DepositConfirmed → the wallet is credited, once per deposit → DepositPosted, also to a repeated one.</summary>
internal sealed class PostDeposit(PostingEngine engine, FaultHook faults, TimeProvider time)
    : IConsumer<DepositConfirmed>
{
    public const string Queue = "ledger.deposit-confirmed";

    public async Task Consume(ConsumeContext<DepositConfirmed> context)
    {
        var (message, now) = (context.Message, time.GetUtcNow());
        var deposit = new TransferRequest.Deposit(
            message.DepositId, new WalletKey(message.MerchantId, message.Mode),
            Sums.TryOf(message.CreditedMinor, message.FeeMinor, message.GrossMinor).SumsOrDefect(message.EventId),
            message.Description, OperationId: Guid.CreateVersion7(now), AnswerEventId: Guid.CreateVersion7(now));
        var announcement = new Announcement(
            Queue, message.EventId, (transaction, transfer) => transaction.Enqueue(AnswerOf(transfer)));

        var outcome = await engine.PostAsync(deposit, announcement, context.CancellationToken);
        faults.Reach("ledger.deposit-posted");
        outcome.TransferOrDefect(message.EventId);
    }

    private static DepositPosted AnswerOf(Transfer transfer) => new()
    {
        EventId = transfer.AnswerEventId!.Value,
        CreatedAt = transfer.CreatedAt,
        MerchantId = transfer.MerchantId,
        Mode = transfer.Mode,
        DepositId = transfer.SourceId,
        OperationId = transfer.OperationId!.Value,
        CreditedMinor = transfer.AmountKopecks!.Value,
    };
}
