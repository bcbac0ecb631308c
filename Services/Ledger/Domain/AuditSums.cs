using ArdorQr.Contracts;

namespace ArdorQr.Ledger.Domain;

/// <summary>
/// Sums over audited transfers, per mode and name: what their entries moved (the wallets together, each house account),
/// and what the transfers themselves say that the clearing accounts must hold.
/// </summary>
internal sealed class AuditSums
{
    public const string Wallets = "wallets";

    /// <summary>Debits that nothing has closed yet: what the payment clearing must hold.</summary>
    public const string OpenDebits = "open_debits";

    /// <summary>Gross sums of posted deposits: what the deposit clearing must be below zero by.</summary>
    public const string Deposits = "deposits";

    /// <summary>Entries of an account that doesn't exist.</summary>
    private const string Unknown = "unknown";

    private readonly Dictionary<(Mode Mode, string Name), Int128> _sums = [];

    public IReadOnlyDictionary<(Mode Mode, string Name), Int128> All => _sums;

    public void Add(Transfer transfer, IReadOnlyCollection<Entry> entries)
    {
        foreach (var entry in entries)
        {
            var house = HouseAccounts.TryFind(entry.AccountId);
            var name = entry.Sequence is not null ? Wallets : house is { } found ? Codes.Of(found.Account) : Unknown;
            Add(house?.Mode ?? transfer.Mode, name, entry.Amount.Value);
        }

        var total = transfer is { Status: TransferStatus.Posted, TotalKopecks.Value: var kopecks } ? kopecks : 0;
        switch (transfer.Kind)
        {
            case TransferKind.Deposit:
                Add(transfer.Mode, Deposits, total);
                break;
            case TransferKind.Debit:
                Add(transfer.Mode, OpenDebits, total);
                break;
            case TransferKind.Settlement or TransferKind.Refund:
                Add(transfer.Mode, OpenDebits, -total);
                break;
        }
    }

    private void Add(Mode mode, string name, long kopecks) =>
        _sums[(mode, name)] = _sums.GetValueOrDefault((mode, name)) + kopecks;
}
