using ArdorQr.Contracts;

namespace ArdorQr.Ledger.Domain;

/// <summary>
/// Says of a transfer whether its entries are what it must have moved. Shares nothing with <see cref="Posting"/>, which
/// made them.
/// </summary>
internal static class TransferAudit
{
    /// <param name="transfer">As it stands.</param>
    /// <param name="debit">The debit that it names, when it closes one and that one exists.</param>
    /// <param name="walletId">The account of its merchant's wallet; null when there is none.</param>
    /// <param name="entries">All that name it.</param>
    /// <returns>What is wrong, or null.</returns>
    public static string? FaultOf(Transfer transfer, Transfer? debit, long? walletId, IReadOnlyCollection<Entry> entries)
    {
        if (transfer.Status != TransferStatus.Posted)
        {
            return entries.Count == 0 ? null : $"it was {Codes.Of(transfer.Status)} and has entries";
        }

        if (transfer.DebitId is not null && !Closes(transfer, debit))
        {
            return "it closes no posted debit of this payment and total";
        }

        var moves = MovesOf(transfer, walletId ?? 0).Where(move => move.Kopecks != 0).ToDictionary();
        if (entries.Count != moves.Count || entries.Any(entry => !moves.Remove(entry.AccountId, out var kopecks)
            || kopecks != entry.Amount.Value))
        {
            return $"a {Codes.Of(transfer.Kind)} of {transfer.TotalKopecks} has other entries than it must have";
        }

        return entries.All(entry => IsOf(transfer, entry)) ? null : "an entry differs from it in time, balance or id";
    }

    private static bool Closes(Transfer closing, Transfer? debit) =>
        debit is { Kind: TransferKind.Debit, Status: TransferStatus.Posted } && debit.Wallet == closing.Wallet
        && debit.SourceId == closing.SourceId && debit.TotalKopecks == closing.TotalKopecks;

    private static bool IsOf(Transfer transfer, Entry entry) =>
        entry.CreatedAt == transfer.CreatedAt
        && (entry.Sequence is null
            || (entry.OperationId, entry.BalanceAfter) == (transfer.OperationId, transfer.BalanceKopecks));

    /// <summary>What each account must have got: the scheme of the books in one place.</summary>
    private static (long AccountId, long Kopecks)[] MovesOf(Transfer transfer, long wallet)
    {
        var (amount, fee, total) = (
            transfer.AmountKopecks?.Value ?? 0, transfer.FeeKopecks?.Value ?? 0, transfer.TotalKopecks?.Value ?? 0);
        long House(HouseAccount account) => HouseAccounts.IdOf(account, transfer.Mode);
        return transfer.Kind switch
        {
            TransferKind.Deposit =>
                [(wallet, amount), (House(HouseAccount.DepositClearing), -total), (House(HouseAccount.FeeIncome), fee)],
            TransferKind.Debit => [(wallet, -total), (House(HouseAccount.PaymentClearing), total)],
            TransferKind.Settlement =>
            [
                (House(HouseAccount.PaymentClearing), -total), (House(HouseAccount.RailSettlement), amount),
                (House(HouseAccount.FeeIncome), fee),
            ],
            TransferKind.Refund => [(wallet, total), (House(HouseAccount.PaymentClearing), -total)],
            TransferKind.Discrepancy =>
                [(House(HouseAccount.RailSettlement), -amount), (House(HouseAccount.RailDiscrepancy), amount)],
            TransferKind.Adjustment => [(wallet, amount), (House(HouseAccount.Adjustments), -amount)],
            _ => [],
        };
    }
}
