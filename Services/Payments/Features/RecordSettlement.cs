using ArdorQr.Contracts.Events;
using MassTransit;

namespace ArdorQr.Payments.Features;

/// <summary>PaymentSettled → Ledger has heard of the completion; it is told no more.</summary>
internal sealed class RecordSettlement(SettlementRecords records) : IConsumer<PaymentSettled>
{
    public const string Queue = "payments.payment-settled";

    public static string AnswerKey(Guid paymentId) => $"payment-settled:{paymentId}";

    public Task Consume(ConsumeContext<PaymentSettled> context) =>
        records.RecordAsync(context.Message).WaitAsync(context.CancellationToken);
}
