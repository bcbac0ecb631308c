using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Ledger.Database;

/// <summary>Audits what was posted since the last time, once: transfers with their entries, and wallets' chains.</summary>
internal static class NewEntriesAudit
{
    /// <summary>Of whole batches so many that this is reached: small pages hold little memory and no view for long.</summary>
    private const int TransfersOfStep = 1_000;

    private const int MaxBatchesOfStep = 50;

    public static async Task<AuditStep> StepAsync(
        ServiceTransaction transaction, AuditPlace place, CancellationToken cancellationToken)
    {
        const string takeSql =
            """
            SELECT batch_id, transfer_ids, is_followed FROM (
                SELECT batch_id, transfer_ids, lead(batch_id) OVER in_order IS NOT NULL AS is_followed,
                    coalesce(sum(cardinality(transfer_ids)) OVER (in_order ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
                FROM (SELECT batch_id, transfer_ids FROM ledger.unaudited ORDER BY batch_id LIMIT @maxBatches + 1) AS next
                WINDOW in_order AS (ORDER BY batch_id)) AS counted
            WHERE before < @transfers ORDER BY batch_id LIMIT @maxBatches
            """;
        const string doneSql = "DELETE FROM ledger.unaudited WHERE batch_id = ANY(@ids)";
        const string caughtUpSql = "UPDATE ledger.audit SET caught_up_at = clock_timestamp()";
        var batches = (await transaction.QueryAsync<BatchRow>(
            takeSql, new { maxBatches = MaxBatchesOfStep, transfers = TransfersOfStep }, cancellationToken)).ToList();
        var isLast = batches is [] or [.., { IsFollowed: false }];
        var ids = batches.SelectMany(batch => batch.TransferIds).ToHashSet();
        if (ids.Count > 0)
        {
            var faults = new AuditFaults();
            var page = await TransferPage.ReadAsync(transaction, ids, cancellationToken);
            page.Judge(faults);
            await SumAsync(transaction, page, cancellationToken);
            await SettledAsync(transaction, page, cancellationToken);
            await ContradictedAsync(transaction, page, cancellationToken);
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

    private static async Task ContradictedAsync(
        ServiceTransaction transaction, TransferPage page, CancellationToken cancellationToken)
    {
        const string sql = "INSERT INTO ledger.audited_discrepancy SELECT unnest(@ids) ON CONFLICT DO NOTHING";
        var ids = page.Transfers.Values.Where(transfer => transfer.Kind == TransferKind.Discrepancy)
            .Select(transfer => transfer.TransferId).ToArray();
        if (ids.Length > 0)
        {
            await transaction.ExecuteAsync(sql, new { ids }, cancellationToken);
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
        var chains = page.Entries.Where(entry => entry.Sequence is not null)
            .GroupBy(entry => entry.AccountId, (account, chain) =>
                (Account: account, Entries: chain.OrderBy(entry => entry.Sequence).ToList()))
            .ToList();
        var before = (await AuditRows.EntriesAtAsync(
            transaction, [.. chains.Select(chain => chain.Account)],
            [.. chains.Select(chain => chain.Entries[0].Sequence!.Value - 1)], cancellationToken))
            .ToLookup(entry => entry.AccountId);
        var wallets = await WalletsAsync(transaction, page, chains.Select(chain => chain.Account), cancellationToken);
        foreach (var (account, entries) in chains)
        {
            var walk = new ChainAudit(before[account].FirstOrDefault() is { } last
                ? WalletState.After(last)
                : WalletState.Opened(account));
            foreach (var entry in entries)
            {
                var transfer = page.Transfers.GetValueOrDefault(entry.TransferId);
                faults.Wallet(AuditFaults.Chain, account, walk.Next(entry, transfer));
            }

            var wallet = wallets.GetValueOrDefault(account);
            if (isAll || wallet is null || wallet.State.LastSequence <= walk.Head.LastSequence)
            {
                faults.Wallet(AuditFaults.Balance, account, HistoryAudit.DifferenceOf(wallet, walk.Head));
            }
        }
    }

    /// <summary>The transfers' own wallets, and what else has entries of theirs.</summary>
    private static async Task<Dictionary<long, AuditedWallet>> WalletsAsync(
        ServiceTransaction transaction, TransferPage page, IEnumerable<long> accounts, CancellationToken cancellationToken)
    {
        var known = page.Wallets.ToDictionary(wallet => wallet.State.AccountId);
        var others = accounts.Where(account => !known.ContainsKey(account)).ToList();
        if (others.Count > 0)
        {
            foreach (var wallet in await AuditRows.WalletsAsync(transaction, others, cancellationToken))
            {
                known.Add(wallet.State.AccountId, wallet);
            }
        }

        return known;
    }

    private sealed record BatchRow
    {
        public long BatchId { get; init; }
        public Guid[] TransferIds { get; init; } = [];

        /// <summary>More waits after it.</summary>
        public bool IsFollowed { get; init; }
    }
}
