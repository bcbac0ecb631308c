using ArdorQr.Contracts;
using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Database;
using Dapper;
using Npgsql;

namespace ArdorQr.Ledger.Database;

/// <summary>The books' rows as they are read: opened for a batch under its wallets' locks, or asked one by one.</summary>
internal static class Books
{
    internal const string TransferColumns =
        """
        transfer_id, kind, merchant_id, mode, source_id, debit_id, amount_kopecks, fee_kopecks, total_kopecks,
        description, status, reason, balance_kopecks, operation_id, answer_event_id, created_at
        """;

    /// <summary>
    /// Locks the wallets in the order of their ids, and then reads what may already stand: whoever held a lock before
    /// has committed by then. One round trip. Null when a wallet isn't opened yet.
    /// </summary>
    public static async Task<OpenBooks?> TryOpenAsync(
        ServiceTransaction transaction, IReadOnlyCollection<TransferRequest> requests,
        CancellationToken cancellationToken)
    {
        // A prepared plan that was made while the tables were empty must not scan them when they are full.
        const string onlyIndexesSql = "SET LOCAL enable_seqscan = off";
        const string lockSql =
            """
            SELECT wallet.account_id, wallet.merchant_id, wallet.mode, balance_kopecks, last_sequence, last_entry_at,
                last_hash
            FROM unnest(@merchants, @modes) AS wanted (merchant_id, mode)
            JOIN ledger.wallet ON wallet.merchant_id = wanted.merchant_id AND wallet.mode = wanted.mode
            ORDER BY wallet.account_id
            FOR UPDATE OF wallet
            """;
        const string knownSql =
            $"""
            SELECT {TransferColumns} FROM ledger.transfer WHERE transfer_id = ANY(@ids)
            UNION ALL
            SELECT {TransferColumns} FROM ledger.transfer
            WHERE source_id = ANY(@payments) AND kind = 'debit' AND status = 'posted'
            UNION ALL
            SELECT {TransferColumns} FROM ledger.transfer WHERE debit_id = ANY(@debits)
            """;
        var keys = requests.Select(request => request.Wallet).Distinct().ToList();
        var debits = requests.Select(DebitIdOf).OfType<Guid>().ToArray();
        await using var batch = new NpgsqlBatch(transaction.Connection);
        batch.Add(onlyIndexesSql);
        batch.Add(lockSql)
            .With("merchants", keys.Select(key => key.MerchantId).ToArray())
            .With("modes", keys.Select(key => key.Mode.Code).ToArray());
        batch.Add("SELECT clock_timestamp()");
        batch.Add(knownSql)
            .With("ids", requests.Select(request => request.Id).Concat(debits).ToArray())
            .With("payments", requests.OfType<TransferRequest.Debit>().Select(debit => debit.PaymentId).ToArray())
            .With("debits", debits);
        await batch.PrepareAsync(cancellationToken);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var wallets = (await RowsAsync<WalletRow>(reader, cancellationToken)).ToDictionary(row => row.Key, row => row.State);
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var now = await reader.GetFieldValueAsync<DateTimeOffset>(0, cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var known = await RowsAsync<Transfer>(reader, cancellationToken);
        return wallets.Count == keys.Count ? new OpenBooks(wallets, known, now) : null;
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
        TransferRequest.Discrepancy discrepancy => discrepancy.DebitId,
        _ => null,
    };

    private static async Task<List<TRow>> RowsAsync<TRow>(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var rows = new List<TRow>();
        if (await reader.ReadAsync(cancellationToken))
        {
            var parse = reader.GetRowParser<TRow>();
            do
            {
                rows.Add(parse(reader));
            }
            while (await reader.ReadAsync(cancellationToken));
        }

        return rows;
    }

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

        public WalletState State =>
            new(AccountId, BalanceKopecks, LastSequence, LastEntryAt, OperationHash.Of(LastHash));
    }
}
