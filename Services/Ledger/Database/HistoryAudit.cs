using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Ledger.Database;

/// <summary>
/// Reads the history again, a page at a step and round after round, since rows that were audited once can be changed
/// afterwards: each wallet's chain against its row, the audited head and the checkpoints, and each transfer against its
/// entries.
/// </summary>
internal sealed class HistoryAudit(CheckpointTrust trust)
{
    private const int WalletsOfStep = 500;
    private const int RowsOfStep = 1_000;

    /// <summary>A sound transfer has at most three.</summary>
    private const int MaxEntriesOfTransfer = 4;

    private static readonly Guid LastId = new("ffffffff-ffff-ffff-ffff-ffffffffffff");

    /// <summary>In which way a wallet's row differs from its last entry, or null.</summary>
    public static string? DifferenceOf(AuditedWallet? wallet, WalletState head) => wallet switch
    {
        null => "it has entries and no row",
        { State: var state } when state == head => null,
        { State: var state } when state.Balance != head.Balance =>
            $"its balance is {state.Balance}, and {head.Balance} after its last operation {head.LastSequence}",
        { State: var state } when state.LastSequence != head.LastSequence =>
            $"its row counts {state.LastSequence} operations, its last is {head.LastSequence}",
        _ => "its row differs from its last operation in hash or time",
    };

    /// <summary>The next page of transfers.</summary>
    public static async Task<AuditStep> StepTransfersAsync(
        ServiceTransaction transaction, AuditPlace place, CancellationToken cancellationToken)
    {
        const string clearSql =
            """
            DELETE FROM ledger.transfer_fault
            WHERE transfer_id > @after AND transfer_id <= @last AND round < @round
            """;
        const string moveSql =
            """
            UPDATE ledger.audit SET transfer_after = CASE WHEN @ended THEN @none ELSE @last END,
                transfer_round = transfer_round + CASE WHEN @ended THEN 1 ELSE 0 END,
                transfers_completed_at = CASE WHEN @ended THEN clock_timestamp() ELSE transfers_completed_at END
            """;
        var after = place.TransferAfter;
        var transfers = await AuditRows.TransfersAfterAsync(transaction, after, RowsOfStep, cancellationToken);
        var ended = transfers.Count < RowsOfStep;
        var last = ended ? LastId : await LastOfAsync(transaction, transfers.Keys, cancellationToken);
        var entries = await AuditRows.EntriesBetweenAsync(
            transaction, after, last, RowsOfStep * MaxEntriesOfTransfer, cancellationToken);
        var faults = new AuditFaults();
        var page = await TransferPage.ReadAsync(transaction, transfers, entries, cancellationToken);
        page.Judge(faults);
        foreach (var debitId in await LostSettlementsAsync(transaction, after, last, cancellationToken))
        {
            faults.Transfer(debitId, "it was settled, and the settlement is gone");
        }

        foreach (var id in await LostDiscrepanciesAsync(transaction, after, last, cancellationToken))
        {
            faults.Transfer(id, "a discrepancy was booked, and that transfer is gone");
        }

        await JudgeRefusalsAsync(transaction, transfers, after, last, faults, cancellationToken);

        await faults.SaveAsync(transaction, place.WalletRound, place.TransferRound, cancellationToken);
        await transaction.ExecuteAsync(clearSql, new { after, last, round = place.TransferRound }, cancellationToken);
        await transaction.ExecuteAsync(moveSql, new { last, ended, none = Guid.Empty }, cancellationToken);
        return new AuditStep(transfers.Count, ended);
    }

    /// <summary>The next page of wallets, or of a long wallet's entries.</summary>
    public async Task<AuditStep> StepWalletsAsync(
        ServiceTransaction transaction, AuditPlace place, CancellationToken cancellationToken)
    {
        const string clearSql =
            "DELETE FROM ledger.wallet_fault WHERE account_id BETWEEN @first AND @last AND round < @round";
        const string moveSql =
            """
            UPDATE ledger.audit SET wallet_account_id = @account, wallet_sequence = @sequence,
                wallet_round = wallet_round + CASE WHEN @ended THEN 1 ELSE 0 END,
                wallets_completed_at = CASE WHEN @ended THEN clock_timestamp() ELSE wallets_completed_at END
            """;
        var page = await ChainPage.ReadAsync(transaction, place, WalletsOfStep, RowsOfStep, cancellationToken);
        var faults = new AuditFaults();
        page.Judge(trust, faults);
        await faults.SaveAsync(transaction, place.WalletRound, place.TransferRound, cancellationToken);
        await transaction.ExecuteAsync(clearSql, new
        {
            first = place.WalletAccountId,
            last = page.LastFinished,
            round = place.WalletRound,
        }, cancellationToken);
        await AuditRows.SaveHeadsAsync(transaction, page.Ended, cancellationToken);
        await transaction.ExecuteAsync(moveSql, new
        {
            account = page.IsLast ? 0 : page.NextAccount,
            sequence = page.IsLast ? 0 : page.NextSequence,
            ended = page.IsLast,
        }, cancellationToken);
        return new AuditStep(page.Rows, page.IsLast);
    }

    /// <summary>The greatest by the database's order of ids, which isn't .NET's.</summary>
    private static Task<Guid> LastOfAsync(
        ServiceTransaction transaction, IEnumerable<Guid> ids, CancellationToken cancellationToken)
    {
        const string sql = "SELECT id FROM unnest(@ids) AS given (id) ORDER BY id DESC LIMIT 1";
        return transaction.QuerySingleAsync<Guid>(sql, new { ids = ids.ToArray() }, cancellationToken);
    }

    private static Task<IEnumerable<Guid>> LostSettlementsAsync(
        ServiceTransaction transaction, Guid after, Guid last, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT debit_id FROM ledger.audited_settlement AS settled
            WHERE debit_id > @after AND debit_id <= @last AND NOT EXISTS (
                SELECT FROM ledger.transfer
                WHERE transfer.debit_id = settled.debit_id AND transfer.transfer_id = settled.transfer_id)
            LIMIT @limit
            """;
        return transaction.QueryAsync<Guid>(sql, new { after, last, limit = RowsOfStep }, cancellationToken);
    }

    private static Task<IEnumerable<Guid>> LostDiscrepanciesAsync(
        ServiceTransaction transaction, Guid after, Guid last, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT transfer_id FROM ledger.audited_discrepancy AS booked
            WHERE transfer_id > @after AND transfer_id <= @last AND NOT EXISTS (
                SELECT FROM ledger.transfer
                WHERE transfer.transfer_id = booked.transfer_id AND transfer.kind = 'discrepancy')
            LIMIT @limit
            """;
        return transaction.QueryAsync<Guid>(sql, new { after, last, limit = RowsOfStep }, cancellationToken);
    }

    /// <summary>Whether exactly those are refused or voided that were when they were answered.</summary>
    private static async Task JudgeRefusalsAsync(
        ServiceTransaction transaction, Dictionary<Guid, Transfer> transfers, Guid after, Guid last, AuditFaults faults,
        CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT transfer_id FROM ledger.refusal
            WHERE transfer_id > @after AND transfer_id <= @last ORDER BY transfer_id LIMIT @limit
            """;
        var answered = (await transaction.QueryAsync<Guid>(
            sql, new { after, last, limit = 2 * RowsOfStep }, cancellationToken)).ToHashSet();
        var refused = transfers.Values.Where(transfer => transfer.Status != TransferStatus.Posted)
            .Select(transfer => transfer.TransferId).ToHashSet();
        foreach (var id in answered.Except(refused))
        {
            faults.Transfer(id, "it was refused or voided, and that answer is gone");
        }

        foreach (var id in refused.Except(answered))
        {
            faults.Transfer(id, "it stands as refused or voided, and was never answered so");
        }
    }
}
