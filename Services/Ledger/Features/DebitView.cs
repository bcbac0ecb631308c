using ArdorQr.Ledger.Domain;

namespace ArdorQr.Ledger.Features;

/// <summary>A debit's first answer, as Payments reads it each time it asks.</summary>
/// <param name="Id">The transfer's id.</param>
/// <param name="Status">posted, refused or voided.</param>
/// <param name="Reason">Null when posted; else insufficient_funds, superseded or voided.</param>
/// <param name="OperationId">The wallet's entry; null unless posted.</param>
/// <param name="BalanceMinor">The wallet's balance right after the answer, kopecks.</param>
/// <param name="CreatedAt">When it was answered first.</param>
internal sealed record DebitView(
    Guid Id, string Status, string? Reason, Guid? OperationId, long BalanceMinor, DateTimeOffset CreatedAt)
{
    public static DebitView Of(Transfer transfer) => new(
        transfer.TransferId,
        Codes.Of(transfer.Status),
        transfer.Reason, transfer.OperationId, transfer.BalanceKopecks.Value, transfer.CreatedAt);
}
