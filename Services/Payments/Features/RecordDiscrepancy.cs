using ArdorQr.Contracts.Events;
using ArdorQr.ServiceDefaults.Database;
using MassTransit;

namespace ArdorQr.Payments.Features;

/// <summary>DiscrepancyBooked → Ledger has heard of the contradiction; it is told no more.</summary>
internal sealed class RecordDiscrepancy(ServiceDatabase database) : IConsumer<DiscrepancyBooked>
{
    public const string Queue = "payments.discrepancy-booked";

    public static string AnswerKey(Guid paymentId) => $"discrepancy-booked:{paymentId}";

    public async Task Consume(ConsumeContext<DiscrepancyBooked> context)
    {
        var (message, cancellationToken) = (context.Message, context.CancellationToken);
        await using var transaction = await database.BeginAsync(cancellationToken);
        await transaction.TryAcceptAsync(Queue, message.EventId, cancellationToken);
        await transaction.AnsweredAsync(AnswerKey(message.PaymentId), cancellationToken); // Harmless when repeated.
        await transaction.CommitAsync(cancellationToken);
    }
}
