using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Database;
using Npgsql;

namespace ArdorQr.Ledger.Database;

/// <summary>Writes what a batch adds to the books, set by set.</summary>
internal static class BookWriting
{
    private const string TransferTable = "transfer";

    /// <summary>
    /// Writes and commits in one round trip. False when another transaction took one of the ids or keys meanwhile,
    /// which the wallet's lock can't prevent when that one names another wallet: then nothing was written, and the
    /// batch must be opened anew, so that it reads whose they are.
    /// </summary>
    public static async Task<bool> TryCommitAsync(
        ServiceTransaction transaction, Postings postings, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(transaction.Connection);
        if (postings.Transfers.Count > 0)
        {
            AddTransfers(batch, postings.Transfers);
        }

        if (postings.Entries.Count > 0)
        {
            AddWallets(batch, postings.Wallets);
            AddEntries(batch, postings.Entries);
        }

        try
        {
            await transaction.CommitAsync(batch, cancellationToken);
            return true;
        }
        catch (PostgresException taken)
            when (taken is { SqlState: PostgresErrorCodes.UniqueViolation, TableName: TransferTable })
        {
            return false;
        }
    }

    /// <remarks>
    /// In the order of the ids, so that two batches with the same ones wait for each other and never both. A plain
    /// insert: a conflict ends the round trip before the commit that it carries, and costs one attempt more.
    /// </remarks>
    private static void AddTransfers(NpgsqlBatch batch, IReadOnlyList<Transfer> transfers)
    {
        const string sql =
            $"""
            INSERT INTO ledger.transfer ({Books.TransferColumns})
            SELECT * FROM unnest(
                @transferIds, @kinds, @merchantIds, @modes, @sourceIds, @debitIds, @amounts, @fees, @totals,
                @descriptions, @statuses, @reasons, @balances, @operationIds, @answerEventIds, @createdAts)
                AS row (transfer_id)
            ORDER BY row.transfer_id
            """;
        batch.Add(sql)
            .WithColumn("transferIds", transfers, row => row.TransferId)
            .WithColumn("kinds", transfers, row => Codes.Of(row.Kind))
            .WithColumn("merchantIds", transfers, row => row.MerchantId)
            .WithColumn("modes", transfers, row => row.Mode.Code)
            .WithColumn("sourceIds", transfers, row => row.SourceId)
            .WithColumn("debitIds", transfers, row => row.DebitId)
            .WithColumn("amounts", transfers, row => row.AmountKopecks?.Value)
            .WithColumn("fees", transfers, row => row.FeeKopecks?.Value)
            .WithColumn("totals", transfers, row => row.TotalKopecks?.Value)
            .WithColumn("descriptions", transfers, row => row.Description)
            .WithColumn("statuses", transfers, row => Codes.Of(row.Status))
            .WithColumn("reasons", transfers, row => row.Reason)
            .WithColumn("balances", transfers, row => row.BalanceKopecks.Value)
            .WithColumn("operationIds", transfers, row => row.OperationId)
            .WithColumn("answerEventIds", transfers, row => row.AnswerEventId)
            .WithColumn("createdAts", transfers, row => row.CreatedAt);
    }

    private static void AddWallets(NpgsqlBatch batch, IReadOnlyList<WalletState> wallets)
    {
        const string sql =
            """
            UPDATE ledger.wallet
            SET balance_kopecks = moved.balance_kopecks,
                last_sequence = moved.last_sequence,
                last_entry_at = moved.last_entry_at,
                last_hash = moved.last_hash
            FROM unnest(@ids, @balances, @sequences, @entryAts, @hashes)
                AS moved (account_id, balance_kopecks, last_sequence, last_entry_at, last_hash)
            WHERE wallet.account_id = moved.account_id
            """;
        batch.Add(sql)
            .WithColumn("ids", wallets, row => row.AccountId)
            .WithColumn("balances", wallets, row => row.Balance.Value)
            .WithColumn("sequences", wallets, row => row.LastSequence)
            .WithColumn("entryAts", wallets, row => row.LastEntryAt!.Value)
            .WithColumn("hashes", wallets, row => row.LastHash.ToArray());
    }

    /// <remarks>After their transfers and their wallets' new state, as the table's trigger looks at both.</remarks>
    private static void AddEntries(NpgsqlBatch batch, IReadOnlyList<Entry> entries)
    {
        const string sql =
            """
            INSERT INTO ledger.entry (
                transfer_id, account_id, amount_kopecks, operation_id, sequence, balance_after_kopecks, created_at,
                previous_hash, hash)
            SELECT * FROM unnest(
                @transferIds, @accountIds, @amounts, @operationIds, @sequences, @balances, @createdAts,
                @previousHashes, @hashes)
            """;
        batch.Add(sql)
            .WithColumn("transferIds", entries, row => row.TransferId)
            .WithColumn("accountIds", entries, row => row.AccountId)
            .WithColumn("amounts", entries, row => row.Amount.Value)
            .WithColumn("operationIds", entries, row => row.OperationId)
            .WithColumn("sequences", entries, row => row.Sequence)
            .WithColumn("balances", entries, row => row.BalanceAfter?.Value)
            .WithColumn("createdAts", entries, row => row.CreatedAt)
            .WithColumn("previousHashes", entries, row => row.PreviousHash?.ToArray())
            .WithColumn("hashes", entries, row => row.Hash?.ToArray());
    }
}
