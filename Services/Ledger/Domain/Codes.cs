namespace ArdorQr.Ledger.Domain;

/// <summary>The words for kinds and statuses in the database, on the wire and in metrics.</summary>
internal static class Codes
{
    public static string Of(TransferKind kind) => kind switch
    {
        TransferKind.Deposit => "deposit",
        TransferKind.Debit => "debit",
        TransferKind.Settlement => "settlement",
        TransferKind.Refund => "refund",
        TransferKind.Adjustment => "adjustment",
        TransferKind.Discrepancy => "discrepancy",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>The type of the operation that a merchant sees.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Transfers of this kind move no wallet.</exception>
    public static string OperationTypeOf(TransferKind kind) => kind switch
    {
        TransferKind.Deposit => "deposit",
        TransferKind.Debit => "payment",
        TransferKind.Refund => "refund",
        TransferKind.Adjustment => "adjustment",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "It has no wallet entry."),
    };

    public static string Of(HouseAccount account) => account switch
    {
        HouseAccount.DepositClearing => "deposit_clearing",
        HouseAccount.PaymentClearing => "payment_clearing",
        HouseAccount.RailSettlement => "rail_settlement",
        HouseAccount.FeeIncome => "fee_income",
        HouseAccount.RailDiscrepancy => "rail_discrepancy",
        HouseAccount.Adjustments => "adjustments",
        _ => throw new ArgumentOutOfRangeException(nameof(account)),
    };

    public static string Of(TransferStatus status) => status switch
    {
        TransferStatus.Posted => "posted",
        TransferStatus.Refused => "refused",
        TransferStatus.Voided => "voided",
        _ => throw new ArgumentOutOfRangeException(nameof(status)),
    };
}
