using ArdorQr.Contracts.Events;
using ArdorQr.Payments.Database;
using ArdorQr.Payments.Domain;
using ArdorQr.ServiceDefaults.Database;
using MassTransit;

namespace ArdorQr.Payments.Features;

/// <summary>PaymentRefunded → the money is back, so the payment may say that it failed.</summary>
internal sealed class FailRefundedPayment(ServiceDatabase database, PaymentSeals seals) : IConsumer<PaymentRefunded>
{
    public const string Queue = "payments.payment-refunded";

    public static string AnswerKey(Guid paymentId) => $"payment-refunded:{paymentId}";

    public async Task Consume(ConsumeContext<PaymentRefunded> context)
    {
        var (message, cancellationToken) = (context.Message, context.CancellationToken);
        await using var transaction = await database.BeginAsync(cancellationToken);
        await transaction.AnsweredAsync(AnswerKey(message.PaymentId), cancellationToken);
        if (await transaction.TryAcceptAsync(Queue, message.EventId, cancellationToken))
        {
            var payment = await PaymentTable.LockAsync(
                transaction, message.PaymentId, message.MerchantId, message.Mode, cancellationToken)
                ?? throw new InvalidOperationException(
                    $"Ledger refunded the payment {message.PaymentId}, which isn't here.");
            if (payment.State != PaymentState.Failed) // Another event of the same refund may have come first.
            {
                await FailAsync(transaction, payment, cancellationToken);
            }
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private async Task FailAsync(
        ServiceTransaction transaction, PaymentRow payment, CancellationToken cancellationToken)
    {
        var failed = await PaymentTable.FailAsync(
            transaction, payment, PaymentEvents.FailedId(payment.PaymentId), cancellationToken);
        transaction.Enqueue(Failed(failed, seals));
    }

    /// <summary>The announcement of a failed payment.</summary>
    public static PaymentFailed Failed(ChangedPayment failed, PaymentSeals seals) => new()
    {
        EventId = failed.Row.FailedEventId!.Value,
        CreatedAt = failed.Row.ChangedAt,
        MerchantId = failed.Row.MerchantId,
        Mode = failed.Row.Mode,
        PaymentId = failed.Row.PaymentId,
        Payment = PaymentView.Snapshot(failed, seals),
    };
}
