using ArdorQr.Contracts;

namespace ArdorQr.Ledger.Domain;

/// <summary>Reads a wallet's entries in their order and says of each whether it continues the one before.</summary>
/// <param name="head">Where the entries begin: the wallet as it stood before the first that is read.</param>
internal sealed class ChainAudit(WalletState head)
{
    /// <summary>The wallet as the last entry that was read says.</summary>
    public WalletState Head { get; private set; } = head;

    /// <summary>What is wrong with the next entry, or null. Whatever it is, the one after is judged by this one.</summary>
    public string? Next(Entry entry, Transfer? transfer)
    {
        var before = Head;
        Head = WalletState.After(entry);
        var (sequence, balance, hash) = (Head.LastSequence, Head.Balance, Head.LastHash);
        return (sequence - before.LastSequence, entry) switch
        {
            (< 1, _) => $"operation {sequence} stands after operation {before.LastSequence}",
            (2, _) => $"operation {sequence - 1} is missing",
            (> 1, _) => $"operations {before.LastSequence + 1} to {sequence - 1} are missing",
            _ when entry.PreviousHash != before.LastHash => $"operation {sequence} doesn't continue the one before",
            _ when (Int128)before.Balance.Value + entry.Amount.Value != balance.Value =>
                $"the balance after operation {sequence} isn't the one before and its amount",
            _ when entry.CreatedAt <= before.LastEntryAt => $"operation {sequence} isn't later than the one before",
            _ when transfer is null => $"operation {sequence} has no transfer",
            _ when HashOf(entry, transfer, before.LastHash) != hash => $"operation {sequence} isn't what its hash says",
            _ => null,
        };
    }

    private static OperationHash? HashOf(Entry entry, Transfer transfer, OperationHash previous) =>
        transfer.Kind is TransferKind.Settlement or TransferKind.Discrepancy
            ? null // They move no wallet.
            : OperationChain.HashOf(previous, new ChainedOperation(
                transfer.Wallet, entry.Sequence ?? 0, entry.OperationId ?? Guid.Empty,
                Codes.OperationTypeOf(transfer.Kind), entry.Amount, entry.BalanceAfter ?? Kopecks.Zero,
                transfer.SourceId, entry.CreatedAt, transfer.Description));
}
