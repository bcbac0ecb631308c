using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Ledger.Database;

/// <summary>Some wallets, or a part of a long one, with their entries in order and what those are judged by.</summary>
internal sealed class ChainPage
{
    private readonly AuditPlace _place;
    private readonly WalletState? _begun;
    private readonly IReadOnlyDictionary<long, AuditedWallet> _wallets;
    private readonly IReadOnlyDictionary<long, WalletState> _heads;
    private readonly ILookup<long, Entry> _chains;
    private readonly IReadOnlyDictionary<Guid, Transfer> _transfers;
    private readonly ILookup<long, SignedCheckpoint> _checkpoints;
    private readonly List<WalletState> _ended = [];

    private ChainPage(
        AuditPlace place, WalletState? begun, IReadOnlyDictionary<long, AuditedWallet> wallets,
        IReadOnlyDictionary<long, WalletState> heads, IReadOnlyList<Entry> entries,
        IReadOnlyDictionary<Guid, Transfer> transfers, ILookup<long, SignedCheckpoint> checkpoints)
    {
        (_place, _begun, _wallets, _heads) = (place, begun, wallets, heads);
        (_transfers, _checkpoints) = (transfers, checkpoints);
        _chains = entries.ToLookup(entry => entry.AccountId);
        Rows = entries.Count + wallets.Count;
    }

    public int Rows { get; }

    /// <summary>The round ends with this page.</summary>
    public bool IsLast { get; private init; }

    /// <summary>All accounts up to this one are read to their ends.</summary>
    public long LastFinished { get; private init; }

    /// <summary>Where the wallets stand that were judged to their ends and moved since the last time.</summary>
    public IReadOnlyCollection<WalletState> Ended => _ended;

    public long NextAccount { get; private init; }

    public long NextSequence { get; private init; }

    public static async Task<ChainPage> ReadAsync(
        ServiceTransaction transaction, AuditPlace place, int maxWallets, int maxEntries,
        CancellationToken cancellationToken)
    {
        var account = place.WalletAccountId;
        var begun = await BegunAsync(transaction, place, cancellationToken);
        var sequence = begun?.LastSequence ?? 0;
        var wallets = await AuditRows.WalletsFromAsync(transaction, account, maxWallets, cancellationToken);
        var isLast = wallets.Count < maxWallets;
        var lastAccount = isLast ? long.MaxValue : wallets[^1].State.AccountId;
        var entries = await AuditRows.ChainsAfterAsync(
            transaction, account, sequence, lastAccount, maxEntries, cancellationToken);
        var isFull = entries.Count == maxEntries;
        if (isFull) // The last one's end isn't here yet.
        {
            lastAccount = entries[^1].AccountId;
        }

        return new ChainPage(
            place, begun,
            wallets.Where(wallet => wallet.State.AccountId <= lastAccount)
                .ToDictionary(wallet => wallet.State.AccountId),
            await AuditRows.HeadsAsync(transaction, account, lastAccount, cancellationToken),
            entries,
            await AuditRows.TransfersAsync(transaction, entries.Select(entry => entry.TransferId), cancellationToken),
            await Checkpoints.OfPageAsync(
                transaction, account, sequence, lastAccount, isFull ? entries[^1].Sequence!.Value : long.MaxValue,
                limit: 2 * maxEntries, cancellationToken))
        {
            IsLast = isLast && !isFull,
            LastFinished = isFull ? lastAccount - 1 : lastAccount,
            NextAccount = isFull || isLast ? lastAccount : lastAccount + 1,
            NextSequence = isFull ? entries[^1].Sequence!.Value : 0,
        };
    }

    public void Judge(CheckpointTrust trust, AuditFaults faults)
    {
        var accounts = _wallets.Keys.Union(_heads.Keys).Union(_chains.Select(chain => chain.Key))
            .Union(_checkpoints.Select(line => line.Key));
        foreach (var account in accounts)
        {
            Judge(account, trust, faults);
        }
    }

    private void Judge(long account, CheckpointTrust trust, AuditFaults faults)
    {
        var audited = _heads.GetValueOrDefault(account);
        var checkpoints = _checkpoints[account].ToDictionary(signed => signed.Checkpoint.Sequence);
        var walk = new ChainAudit(
            account == _place.WalletAccountId && _begun is not null ? _begun : WalletState.Opened(account));
        foreach (var entry in _chains[account])
        {
            faults.Wallet(AuditFaults.Chain, account, walk.Next(entry, _transfers.GetValueOrDefault(entry.TransferId)));
            if (entry.Sequence == audited?.LastSequence && walk.Head != audited)
            {
                faults.Wallet(AuditFaults.Chain, account,
                    $"operation {entry.Sequence} isn't as it was audited: the chain was rewritten");
            }

            if (checkpoints.Remove(entry.Sequence ?? 0, out var signed))
            {
                faults.Wallet(AuditFaults.Checkpoint, account, FaultOf(signed, walk.Head, trust));
            }
        }

        foreach (var cut in checkpoints.Values)
        {
            faults.Wallet(AuditFaults.Checkpoint, account, trust.FaultOf(cut)
                ?? $"operation {cut.Checkpoint.Sequence} is gone, and a checkpoint knows it");
        }

        if (account > LastFinished)
        {
            return;
        }

        if (audited?.LastSequence > walk.Head.LastSequence)
        {
            faults.Wallet(AuditFaults.Chain, account,
                $"the tail was cut: operation {audited.LastSequence} was audited, and the last is {walk.Head.LastSequence}");
        }

        if (walk.Head.LastSequence > 0 && walk.Head != audited)
        {
            _ended.Add(walk.Head);
        }

        if (_wallets.ContainsKey(account) || walk.Head.LastSequence > 0)
        {
            faults.Wallet(AuditFaults.Balance, account,
                HistoryAudit.DifferenceOf(_wallets.GetValueOrDefault(account), walk.Head));
        }
    }

    private static string? FaultOf(SignedCheckpoint signed, WalletState head, CheckpointTrust trust) =>
        trust.FaultOf(signed)
        ?? ((signed.Checkpoint.Hash, signed.Checkpoint.Balance) == (head.LastHash, head.Balance)
            ? null
            : $"operation {head.LastSequence} isn't what a checkpoint says: the chain was rewritten");

    /// <summary>Where the wallet stood in which the last page ended; null to begin it anew.</summary>
    private static async Task<WalletState?> BegunAsync(
        ServiceTransaction transaction, AuditPlace place, CancellationToken cancellationToken)
    {
        if (place.WalletSequence == 0)
        {
            return null;
        }

        var (account, sequence) = (place.WalletAccountId, place.WalletSequence);
        var last = await AuditRows.EntriesAtAsync(transaction, [account], [sequence], cancellationToken);
        return last is [var entry, ..] ? WalletState.After(entry) : null;
    }
}
