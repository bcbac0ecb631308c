using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Ledger.Database;

/// <summary>Some transfers with all that they are judged by: their entries, the debits they close, their wallets.</summary>
internal sealed class TransferPage
{
    private readonly Dictionary<Guid, Transfer> _debits;
    private readonly Dictionary<WalletKey, long> _wallets;
    private readonly ILookup<Guid, Entry> _entries;

    private TransferPage(
        Dictionary<Guid, Transfer> transfers, List<Entry> entries, Dictionary<Guid, Transfer> debits,
        IReadOnlyList<AuditedWallet> wallets)
    {
        (Transfers, Entries, Wallets, _debits) = (transfers, entries, wallets, debits);
        _entries = entries.ToLookup(entry => entry.TransferId);
        _wallets = wallets.ToDictionary(wallet => wallet.Key, wallet => wallet.State.AccountId);
    }

    public IReadOnlyDictionary<Guid, Transfer> Transfers { get; }

    public IReadOnlyList<Entry> Entries { get; }

    /// <summary>Of the transfers' merchants.</summary>
    public IReadOnlyList<AuditedWallet> Wallets { get; }

    public static async Task<TransferPage> ReadAsync(
        ServiceTransaction transaction, IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken)
    {
        var transfers = await AuditRows.TransfersAsync(transaction, ids, cancellationToken);
        var entries = await AuditRows.EntriesOfAsync(transaction, ids, cancellationToken);
        return await ReadAsync(transaction, transfers, entries, cancellationToken);
    }

    public static async Task<TransferPage> ReadAsync(
        ServiceTransaction transaction, Dictionary<Guid, Transfer> transfers, List<Entry> entries,
        CancellationToken cancellationToken)
    {
        var debits = await AuditRows.TransfersAsync(
            transaction, transfers.Values.Select(transfer => transfer.DebitId).OfType<Guid>(), cancellationToken);
        var wallets = await AuditRows.WalletsOfAsync(transaction, transfers.Values, cancellationToken);
        return new TransferPage(transfers, entries, debits, wallets);
    }

    public IReadOnlyCollection<Entry> EntriesOf(Guid transferId) => [.. _entries[transferId]];

    /// <summary>Each transfer against its entries, and entries without one.</summary>
    public void Judge(AuditFaults faults)
    {
        foreach (var transfer in Transfers.Values)
        {
            var debit = transfer.DebitId is { } debitId ? _debits.GetValueOrDefault(debitId) : null;
            long? wallet = _wallets.TryGetValue(transfer.Wallet, out var account) ? account : null;
            faults.Transfer(
                transfer.TransferId, TransferAudit.FaultOf(transfer, debit, wallet, EntriesOf(transfer.TransferId)));
        }

        foreach (var orphan in Entries.Where(entry => !Transfers.ContainsKey(entry.TransferId)))
        {
            faults.Transfer(orphan.TransferId, "there is no such transfer, and it has entries");
        }
    }
}
