using ArdorQr.Contracts;
using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Database;
using Dapper;

namespace ArdorQr.Ledger.Database;

/// <summary>The books' rows: opened for a batch under its wallets' locks, and written to set by set.</summary>
internal static class Books
{
    private const string TransferColumns =
        """
        transfer_id, kind, merchant_id, mode, source_id, debit_id, amount_kopecks, fee_kopecks, total_kopecks,
        description, status, reason, balance_kopecks, operation_id, answer_event_id, created_at
        """;

    /// <summary>
    /// Locks the wallets in the order of their ids, and then reads what may already stand: whoever held a lock before
    /// has committed by then. Null when a wallet isn't opened yet.
    /// </summary>
    public static async Task<OpenBooks?> TryOpenAsync(
        ServiceTransaction transaction, IReadOnlyCollection<TransferRequest> requests,
        CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            SELECT wallet.account_id, wallet.merchant_id, wallet.mode, balance_kopecks, last_sequence, last_entry_at,
                last_hash
            FROM unnest(@merchants, @modes) AS wanted (merchant_id, mode)
            JOIN ledger.wallet ON wallet.merchant_id = wanted.merchant_id AND wallet.mode = wanted.mode
            ORDER BY wallet.account_id
            FOR UPDATE OF wallet;

            SELECT clock_timestamp();

            SELECT {TransferColumns} FROM ledger.transfer WHERE transfer_id = ANY(@ids)
            UNION ALL
            SELECT {TransferColumns} FROM ledger.transfer
            WHERE source_id = ANY(@payments) AND kind = 'debit' AND status = 'posted'
            UNION ALL
            SELECT {TransferColumns} FROM ledger.transfer WHERE debit_id = ANY(@debits);
            """;
        var keys = requests.Select(request => request.Wallet).Distinct().ToList();
        var debits = requests.Select(DebitIdOf).OfType<Guid>().ToArray();
        var parameters = new
        {
            merchants = keys.Select(key => key.MerchantId).ToArray(),
            modes = keys.Select(key => key.Mode.Code).ToArray(),
            ids = requests.Select(request => request.Id).Concat(debits).ToArray(),
            payments = requests.OfType<TransferRequest.Debit>().Select(debit => debit.PaymentId).ToArray(),
            debits,
        };
        await using var results = await transaction.Connection.QueryMultipleAsync(
            transaction.Command(sql, parameters, cancellationToken));
        var wallets = (await results.ReadAsync<WalletRow>()).ToDictionary(row => row.Key, row => row.State);
        var now = await results.ReadSingleAsync<DateTime>();
        var known = await results.ReadAsync<Transfer>();
        return wallets.Count == keys.Count
            ? new OpenBooks(wallets, known.AsList(), new DateTimeOffset(now, TimeSpan.Zero))
            : null;
    }

    /// <summary>Opens wallets that don't exist yet, in a statement of its own, before any lock is held.</summary>
    public static async Task OpenWalletsAsync(
        ServiceDatabase database, IReadOnlyCollection<WalletKey> keys, CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO ledger.wallet (merchant_id, mode)
            SELECT merchant_id, mode FROM unnest(@merchants, @modes) AS wanted (merchant_id, mode)
            ORDER BY merchant_id, mode
            ON CONFLICT DO NOTHING
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        await ConnectionQueries.ExecuteAsync(connection, sql, new
        {
            merchants = keys.Select(key => key.MerchantId).ToArray(),
            modes = keys.Select(key => key.Mode.Code).ToArray(),
        }, cancellationToken);
    }

    /// <summary>
    /// Writes a batch set by set. False when another transaction took one of the ids or keys meanwhile, which the
    /// wallet's lock can't prevent when that one names another wallet; then the transaction must be rolled back.
    /// </summary>
    public static async Task<bool> TryWriteAsync(
        ServiceTransaction transaction, Postings postings, CancellationToken cancellationToken)
    {
        // In the order of the ids, so that two batches with the same ones wait for each other and never both.
        const string transferSql =
            $"""
            INSERT INTO ledger.transfer ({TransferColumns})
            SELECT * FROM unnest(
                @transferIds, @kinds, @merchantIds, @modes, @sourceIds, @debitIds, @amounts, @fees, @totals,
                @descriptions, @statuses, @reasons, @balances, @operationIds, @answerEventIds, @createdAts) AS row (transfer_id)
            ORDER BY row.transfer_id
            ON CONFLICT DO NOTHING
            RETURNING transfer_id
            """;
        const string entrySql =
            """
            UPDATE ledger.wallet
            SET balance_kopecks = moved.balance_kopecks,
                last_sequence = moved.last_sequence,
                last_entry_at = moved.last_entry_at,
                last_hash = moved.last_hash
            FROM unnest(@walletIds, @walletBalances, @walletSequences, @walletEntryAts, @walletHashes)
                AS moved (account_id, balance_kopecks, last_sequence, last_entry_at, last_hash)
            WHERE wallet.account_id = moved.account_id;

            INSERT INTO ledger.entry (
                transfer_id, account_id, amount_kopecks, operation_id, sequence, balance_after_kopecks, created_at,
                previous_hash, hash)
            SELECT * FROM unnest(
                @entryTransferIds, @entryAccountIds, @entryAmounts, @entryOperationIds, @entrySequences, @entryBalances,
                @entryCreatedAts, @entryPreviousHashes, @entryHashes);
            """;
        if (postings.Transfers.Count == 0)
        {
            return true;
        }

        var written = await transaction.QueryAsync<Guid>(
            transferSql, TransferParametersOf(postings.Transfers), cancellationToken);
        if (written.Count() < postings.Transfers.Count)
        {
            return false;
        }

        if (postings.Entries.Count > 0)
        {
            await transaction.ExecuteAsync(entrySql, EntryParametersOf(postings), cancellationToken);
        }

        return true;
    }

    /// <summary>A debit's transfer as it was answered, or null.</summary>
    public static async Task<Transfer?> FindDebitAsync(
        ServiceDatabase database, Guid id, CancellationToken cancellationToken)
    {
        const string sql = $"SELECT {TransferColumns} FROM ledger.transfer WHERE transfer_id = @id AND kind = 'debit'";
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Transfer>(sql, new { id }, cancellationToken);
    }

    /// <summary>The wallet's balance; zero for a wallet that has had no entry.</summary>
    public static async Task<Kopecks> BalanceAsync(
        ServiceDatabase database, WalletKey key, CancellationToken cancellationToken)
    {
        const string sql = "SELECT balance_kopecks FROM ledger.wallet WHERE merchant_id = @merchantId AND mode = @mode";
        await using var connection = await database.OpenAsync(cancellationToken);
        return new(await connection.QuerySingleOrDefaultAsync<long?>(
            sql, new { merchantId = key.MerchantId, mode = key.Mode.Code }, cancellationToken) ?? 0);
    }

    private static Guid? DebitIdOf(TransferRequest request) => request switch
    {
        TransferRequest.Settlement settlement => settlement.DebitId,
        TransferRequest.Refund refund => refund.DebitId,
        _ => null,
    };

    private static object TransferParametersOf(IReadOnlyList<Transfer> transfers) => new
    {
        transferIds = Column(transfers, row => row.TransferId),
        kinds = Column(transfers, row => Codes.Of(row.Kind)),
        merchantIds = Column(transfers, row => row.MerchantId),
        modes = Column(transfers, row => row.Mode.Code),
        sourceIds = Column(transfers, row => row.SourceId),
        debitIds = Column(transfers, row => row.DebitId),
        amounts = Column(transfers, row => row.AmountKopecks?.Value),
        fees = Column(transfers, row => row.FeeKopecks?.Value),
        totals = Column(transfers, row => row.TotalKopecks?.Value),
        descriptions = Column(transfers, row => row.Description),
        statuses = Column(transfers, row => Codes.Of(row.Status)),
        reasons = Column(transfers, row => row.Reason),
        balances = Column(transfers, row => row.BalanceKopecks.Value),
        operationIds = Column(transfers, row => row.OperationId),
        answerEventIds = Column(transfers, row => row.AnswerEventId),
        createdAts = Column(transfers, row => row.CreatedAt),
    };

    private static object EntryParametersOf(Postings postings)
    {
        var (entries, wallets) = (postings.Entries, postings.Wallets);
        return new
        {
            walletIds = Column(wallets, row => row.AccountId),
            walletBalances = Column(wallets, row => row.Balance.Value),
            walletSequences = Column(wallets, row => row.LastSequence),
            walletEntryAts = Column(wallets, row => row.LastEntryAt!.Value),
            walletHashes = Column(wallets, row => row.LastHash.ToArray()),
            entryTransferIds = Column(entries, row => row.TransferId),
            entryAccountIds = Column(entries, row => row.AccountId),
            entryAmounts = Column(entries, row => row.Amount.Value),
            entryOperationIds = Column(entries, row => row.OperationId),
            entrySequences = Column(entries, row => row.Sequence),
            entryBalances = Column(entries, row => row.BalanceAfter?.Value),
            entryCreatedAts = Column(entries, row => row.CreatedAt),
            entryPreviousHashes = Column(entries, row => row.PreviousHash?.ToArray()),
            entryHashes = Column(entries, row => row.Hash?.ToArray()),
        };
    }

    private static TColumn[] Column<TRow, TColumn>(IReadOnlyList<TRow> rows, Func<TRow, TColumn> column) =>
        [.. rows.Select(column)];

    private sealed record WalletRow
    {
        public long AccountId { get; init; }
        public Guid MerchantId { get; init; }
        public Mode Mode { get; init; } = Mode.Test;
        public Kopecks BalanceKopecks { get; init; }
        public long LastSequence { get; init; }
        public DateTimeOffset? LastEntryAt { get; init; }
        public byte[] LastHash { get; init; } = [];

        public WalletKey Key => new(MerchantId, Mode);

        public WalletState State => new(AccountId, BalanceKopecks, LastSequence, LastEntryAt, OperationHash.Of(LastHash));
    }
}
