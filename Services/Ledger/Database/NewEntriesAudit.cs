using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Ledger.Database;

/// <summary>Audits what was posted since the last time, once: each transfer with its entries, each wallet from where it was.</summary>
internal static class NewEntriesAudit
{
    private const int BatchesOfStep = 20;

    public static async Task<AuditStep> StepAsync(
        ServiceTransaction transaction, AuditPlace place, CancellationToken cancellationToken)
    {
        const string takeSql = "SELECT batch_id, transfer_ids FROM ledger.unaudited ORDER BY batch_id LIMIT @limit";
        const string doneSql = "DELETE FROM ledger.unaudited WHERE batch_id = ANY(@ids)";
        const string caughtUpSql = "UPDATE ledger.audit SET caught_up_at = clock_timestamp()";
        var batches = (await transaction.QueryAsync<BatchRow>(
            takeSql, new { limit = BatchesOfStep }, cancellationToken)).ToList();
        var isLast = batches.Count < BatchesOfStep;
        var ids = batches.SelectMany(batch => batch.TransferIds).ToHashSet();
        if (ids.Count > 0)
        {
            var faults = new AuditFaults();
            var page = await TransferPage.ReadAsync(transaction, ids, cancellationToken);
            page.Judge(faults);
            await SumAsync(transaction, page, cancellationToken);
            await SettledAsync(transaction, page, cancellationToken);
            await WalkAsync(transaction, page, isLast, faults, cancellationToken);
            await faults.SaveAsync(transaction, place.WalletRound, place.TransferRound, cancellationToken);
            await transaction.ExecuteAsync(
                doneSql, new { ids = batches.Select(batch => batch.BatchId).ToArray() }, cancellationToken);
        }

        if (isLast)
        {
            await transaction.ExecuteAsync(caughtUpSql, null, cancellationToken);
        }

        return new AuditStep(ids.Count, isLast);
    }

    private static async Task SumAsync(
        ServiceTransaction transaction, TransferPage page, CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO ledger.audited_sum AS known (mode, name, kopecks)
            SELECT * FROM unnest(@modes, @names, @kopecks)
            ON CONFLICT (mode, name) DO UPDATE SET kopecks = known.kopecks + excluded.kopecks
            """;
        var sums = new AuditSums();
        foreach (var transfer in page.Transfers.Values)
        {
            sums.Add(transfer, page.EntriesOf(transfer.TransferId));
        }

        await transaction.ExecuteAsync(sql, new
        {
            modes = sums.All.Keys.Select(key => key.Mode.Code).ToArray(),
            names = sums.All.Keys.Select(key => key.Name).ToArray(),
            kopecks = sums.All.Values.Select(value => (decimal)value).ToArray(),
        }, cancellationToken);
    }

    private static async Task SettledAsync(
        ServiceTransaction transaction, TransferPage page, CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO ledger.audited_settlement (debit_id, transfer_id) SELECT * FROM unnest(@debits, @ids)
            ON CONFLICT DO NOTHING
            """;
        var settlements = page.Transfers.Values.Where(transfer => transfer.Kind == TransferKind.Settlement).ToList();
        if (settlements.Count > 0)
        {
            await transaction.ExecuteAsync(sql, new
            {
                debits = settlements.Select(transfer => transfer.DebitId ?? transfer.TransferId).ToArray(),
                ids = settlements.Select(transfer => transfer.TransferId).ToArray(),
            }, cancellationToken);
        }
    }

    /// <param name="transaction">The step's.</param>
    /// <param name="page">The new transfers.</param>
    /// <param name="isAll">All that this view of the tables has is in the page, so that wallets must agree with it.</param>
    /// <param name="faults">Takes what is found.</param>
    /// <param name="cancellationToken">Stops the statements.</param>
    private static async Task WalkAsync(
        ServiceTransaction transaction, TransferPage page, bool isAll, AuditFaults faults,
        CancellationToken cancellationToken)
    {
        var chains = page.Entries.Where(entry => entry.Sequence is not null).ToLookup(entry => entry.AccountId);
        var accounts = chains.Select(chain => chain.Key).ToList();
        var before = await AuditRows.HeadsAsync(transaction, accounts, first: 0, last: -1, cancellationToken);
        var wallets = (await AuditRows.WalletsAsync(transaction, accounts, cancellationToken))
            .ToDictionary(wallet => wallet.State.AccountId);
        var heads = new List<WalletState>(accounts.Count);
        foreach (var chain in chains)
        {
            var walk = new ChainAudit(before.GetValueOrDefault(chain.Key) ?? WalletState.Opened(chain.Key));
            foreach (var entry in chain.OrderBy(entry => entry.Sequence))
            {
                faults.Wallet(AuditFaults.Chain, chain.Key, walk.Next(entry, page.Transfers.GetValueOrDefault(entry.TransferId)));
            }

            heads.Add(walk.Head);
            var wallet = wallets.GetValueOrDefault(chain.Key);
            if (isAll || wallet is null || wallet.State.LastSequence <= walk.Head.LastSequence)
            {
                faults.Wallet(AuditFaults.Balance, chain.Key, HistoryAudit.DifferenceOf(wallet, walk.Head));
            }
        }

        await SaveHeadsAsync(transaction, heads, cancellationToken);
    }

    private static async Task SaveHeadsAsync(
        ServiceTransaction transaction, List<WalletState> heads, CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO ledger.audited_wallet (account_id, balance_kopecks, last_sequence, last_entry_at, last_hash)
            SELECT * FROM unnest(@accounts, @balances, @sequences, @entryAts, @hashes)
            ON CONFLICT (account_id) DO UPDATE SET balance_kopecks = excluded.balance_kopecks,
                last_sequence = excluded.last_sequence, last_entry_at = excluded.last_entry_at, last_hash = excluded.last_hash
            """;
        if (heads.Count > 0)
        {
            await transaction.ExecuteAsync(sql, new
            {
                accounts = heads.Select(head => head.AccountId).ToArray(),
                balances = heads.Select(head => head.Balance.Value).ToArray(),
                sequences = heads.Select(head => head.LastSequence).ToArray(),
                entryAts = heads.Select(head => head.LastEntryAt!.Value.UtcDateTime).ToArray(),
                hashes = heads.Select(head => head.LastHash.ToArray()).ToArray(),
            }, cancellationToken);
        }
    }

    private sealed record BatchRow
    {
        public long BatchId { get; init; }
        public Guid[] TransferIds { get; init; } = [];
    }
}
