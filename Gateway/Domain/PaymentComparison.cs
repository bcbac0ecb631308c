namespace ArdorQr.Gateway.Domain;

/// <summary>
/// Holds Payments' book against Ledger's: each debited payment has its debit, each ended one the transfer that closed it,
/// and the reverse.
/// </summary>
internal static class PaymentComparison
{
    public const string WithoutDebit = "payment_without_debit";
    public const string WithoutPayment = "debit_without_payment";
    public const string Differs = "payment_debit_differs";
    public const string WithoutSettlement = "payment_without_settlement";
    public const string WithoutRefund = "payment_without_refund";
    public const string ClosedOtherwise = "payment_closed_otherwise";

    private const string Settlement = "settlement";
    private const string Refund = "refund";

    /// <summary>What is wrong between the two, or null; what changed after <paramref name="until"/> is in flight.</summary>
    public static Discrepancy? Of(PaymentRow? payment, DebitRow? debit, DateTimeOffset until)
    {
        if (payment?.ChangedAt > until || debit?.ChangedAt > until)
        {
            return null;
        }

        return KindOf(payment, debit) is { } kind
            ? new Discrepancy(
                kind,
                Discrepancy.IdsOf(
                    ("paymentId", payment?.PaymentId ?? debit!.PaymentId), ("debitId", payment?.Id ?? debit!.Id),
                    ("closingId", debit?.ClosingId), ("operationId", payment?.OperationId ?? debit?.OperationId)),
                new BookSide("payments", payment?.Status, payment?.TotalMinor),
                new BookSide("ledger", debit is null ? null : debit.Closing ?? "debit", debit?.ClosingTotalMinor ?? debit?.TotalMinor))
            {
                Mode = payment?.Mode ?? debit!.Mode,
                MerchantId = payment?.MerchantId ?? debit!.MerchantId,
            }
            : null;
    }

    private static string? KindOf(PaymentRow? payment, DebitRow? debit)
    {
        if (payment is null || debit is null)
        {
            return payment is null ? WithoutPayment : WithoutDebit;
        }

        if ((payment.PaymentId, payment.MerchantId, payment.Mode, payment.TotalMinor, payment.OperationId)
            != (debit.PaymentId, debit.MerchantId, debit.Mode, debit.TotalMinor, debit.OperationId)
            || (debit.ClosingTotalMinor ?? debit.TotalMinor) != debit.TotalMinor)
        {
            return Differs;
        }

        return (payment.Status, debit.Closing) switch
        {
            ("confirming", null) or ("completed", Settlement) or ("failed", Refund) => null,
            ("completed", null) => WithoutSettlement,
            ("refunding" or "failed", null) => WithoutRefund,
            _ => ClosedOtherwise,
        };
    }
}
