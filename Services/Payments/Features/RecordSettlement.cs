using ArdorQr.Contracts.Events;
using ArdorQr.ServiceDefaults.Database;
using MassTransit;

namespace ArdorQr.Payments.Features;

/// <summary>PaymentSettled → Ledger has heard of the completion; it is told no more.</summary>
internal sealed class RecordSettlement(ServiceDatabase database) : IConsumer<PaymentSettled>
{
    public const string Queue = "payments.payment-settled";

    public static string AnswerKey(Guid paymentId) => $"payment-settled:{paymentId}";

    public async Task Consume(ConsumeContext<PaymentSettled> context)
    {
        var (message, cancellationToken) = (context.Message, context.CancellationToken);
        await using var transaction = await database.BeginAsync(cancellationToken);
        await transaction.TryAcceptAsync(Queue, message.EventId, cancellationToken);
        await transaction.AnsweredAsync(AnswerKey(message.PaymentId), cancellationToken); // Harmless when repeated.
        await transaction.CommitAsync(cancellationToken);
    }
}
