using ArdorQr.Contracts;
using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Ledger.Database;

/// <summary>The books' rows as the auditor reads them: what stands there, also what no constraint would let in.</summary>
internal static class AuditRows
{
    private const string EntryColumns =
        """
        entry.transfer_id, entry.account_id, entry.amount_kopecks, entry.operation_id, entry.sequence,
        entry.balance_after_kopecks, entry.created_at, entry.previous_hash, entry.hash
        """;

    private const string WalletColumns =
        """
        wallet.account_id, wallet.merchant_id, wallet.mode, wallet.balance_kopecks, wallet.last_sequence,
        wallet.last_entry_at, wallet.last_hash
        """;

    public static Task<Dictionary<Guid, Transfer>> TransfersAsync(
        ServiceTransaction transaction, IEnumerable<Guid> ids, CancellationToken cancellationToken)
    {
        const string sql = $"SELECT {Books.TransferColumns} FROM ledger.transfer WHERE transfer_id = ANY(@ids)";
        return TransfersAsync(transaction, sql, new { ids = ids.Distinct().ToArray() }, cancellationToken);
    }

    public static Task<Dictionary<Guid, Transfer>> TransfersAfterAsync(
        ServiceTransaction transaction, Guid after, int limit, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            SELECT {Books.TransferColumns} FROM ledger.transfer
            WHERE transfer_id > @after ORDER BY transfer_id LIMIT @limit
            """;
        return TransfersAsync(transaction, sql, new { after, limit }, cancellationToken);
    }

    public static Task<List<Entry>> EntriesOfAsync(
        ServiceTransaction transaction, IEnumerable<Guid> transferIds, CancellationToken cancellationToken)
    {
        const string sql = $"SELECT {EntryColumns} FROM ledger.entry WHERE transfer_id = ANY(@ids)";
        return EntriesAsync(transaction, sql, new { ids = transferIds.Distinct().ToArray() }, cancellationToken);
    }

    /// <summary>The entries of all transfers in a range of ids, also of such that have no transfer.</summary>
    public static Task<List<Entry>> EntriesBetweenAsync(
        ServiceTransaction transaction, Guid after, Guid last, int limit, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            SELECT {EntryColumns} FROM ledger.entry
            WHERE transfer_id > @after AND transfer_id <= @last ORDER BY transfer_id LIMIT @limit
            """;
        return EntriesAsync(transaction, sql, new { after, last, limit }, cancellationToken);
    }

    /// <summary>Wallets' entries in the order of accounts and numbers, after a place and up to an account.</summary>
    public static Task<List<Entry>> ChainsAfterAsync(
        ServiceTransaction transaction, long account, long sequence, long lastAccount, int limit,
        CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            SELECT {EntryColumns} FROM ledger.entry
            WHERE sequence IS NOT NULL AND (account_id, sequence) > (@account, @sequence) AND account_id <= @lastAccount
            ORDER BY account_id, sequence LIMIT @limit
            """;
        return EntriesAsync(transaction, sql, new { account, sequence, lastAccount, limit }, cancellationToken);
    }

    /// <summary>The entries at these places of wallets' chains, as far as there are any.</summary>
    public static Task<List<Entry>> EntriesAtAsync(
        ServiceTransaction transaction, long[] accounts, long[] sequences, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            SELECT {EntryColumns}
            FROM unnest(@accounts, @sequences) AS wanted (account_id, sequence)
            JOIN ledger.entry ON entry.account_id = wanted.account_id AND entry.sequence = wanted.sequence
            """;
        return EntriesAsync(transaction, sql, new { accounts, sequences }, cancellationToken);
    }

    /// <summary>The wallets that these transfers name by their merchants.</summary>
    public static Task<List<AuditedWallet>> WalletsOfAsync(
        ServiceTransaction transaction, IEnumerable<Transfer> transfers, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            SELECT {WalletColumns}
            FROM unnest(@merchants, @modes) AS wanted (merchant_id, mode)
            JOIN ledger.wallet ON wallet.merchant_id = wanted.merchant_id AND wallet.mode = wanted.mode
            """;
        var keys = transfers.Select(transfer => transfer.Wallet).Distinct().ToList();
        return WalletsAsync(transaction, sql, new
        {
            merchants = keys.Select(key => key.MerchantId).ToArray(),
            modes = keys.Select(key => key.Mode.Code).ToArray(),
        }, cancellationToken);
    }

    public static Task<List<AuditedWallet>> WalletsAsync(
        ServiceTransaction transaction, IReadOnlyCollection<long> accounts, CancellationToken cancellationToken)
    {
        const string sql = $"SELECT {WalletColumns} FROM ledger.wallet WHERE account_id = ANY(@accounts)";
        return WalletsAsync(transaction, sql, new { accounts = accounts.ToArray() }, cancellationToken);
    }

    public static Task<List<AuditedWallet>> WalletsFromAsync(
        ServiceTransaction transaction, long account, int limit, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            SELECT {WalletColumns} FROM ledger.wallet
            WHERE account_id >= @account ORDER BY account_id LIMIT @limit
            """;
        return WalletsAsync(transaction, sql, new { account, limit }, cancellationToken);
    }

    /// <summary>Where the wallets of a range of accounts stood when they were read to their ends last.</summary>
    public static async Task<Dictionary<long, WalletState>> HeadsAsync(
        ServiceTransaction transaction, long first, long last, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT account_id, balance_kopecks, last_sequence, last_entry_at, last_hash FROM ledger.audited_wallet
            WHERE account_id BETWEEN @first AND @last
            """;
        var rows = await transaction.QueryAsync<WalletRow>(sql, new { first, last }, cancellationToken);
        return rows.ToDictionary(row => row.AccountId, row => row.State);
    }

    /// <summary>Remembers where wallets stand, but for those whose chains are broken: the fault must be found again.</summary>
    public static async Task SaveHeadsAsync(
        ServiceTransaction transaction, IReadOnlyCollection<WalletState> heads, CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO ledger.audited_wallet (account_id, balance_kopecks, last_sequence, last_entry_at, last_hash)
            SELECT head.* FROM unnest(@accounts, @balances, @sequences, @entryAts, @hashes) AS head (account_id)
            WHERE NOT EXISTS (
                SELECT FROM ledger.wallet_fault AS fault
                WHERE fault.check_name = @chain AND fault.account_id = head.account_id)
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
                chain = AuditFaults.Chain,
            }, cancellationToken);
        }
    }

    private static async Task<Dictionary<Guid, Transfer>> TransfersAsync(
        ServiceTransaction transaction, string sql, object parameters, CancellationToken cancellationToken) =>
        (await transaction.QueryAsync<Transfer>(sql, parameters, cancellationToken))
            .ToDictionary(row => row.TransferId);

    private static async Task<List<Entry>> EntriesAsync(
        ServiceTransaction transaction, string sql, object parameters, CancellationToken cancellationToken) =>
        [.. (await transaction.QueryAsync<EntryRow>(sql, parameters, cancellationToken)).Select(row => row.ToEntry())];

    private static async Task<List<AuditedWallet>> WalletsAsync(
        ServiceTransaction transaction, string sql, object parameters, CancellationToken cancellationToken) =>
        [.. (await transaction.QueryAsync<WalletRow>(sql, parameters, cancellationToken)).Select(row =>
            new AuditedWallet(new WalletKey(row.MerchantId, row.Mode), row.State))];

    /// <summary>Zeros for what is no hash: nothing continues those but a first entry.</summary>
    private static OperationHash HashOf(byte[]? bytes) =>
        bytes is { Length: OperationHash.Bytes } ? OperationHash.Of(bytes) : OperationHash.Zero;

    private sealed record EntryRow
    {
        public Guid TransferId { get; init; }
        public long AccountId { get; init; }
        public Kopecks AmountKopecks { get; init; }
        public Guid? OperationId { get; init; }
        public long? Sequence { get; init; }
        public Kopecks? BalanceAfterKopecks { get; init; }
        public DateTimeOffset CreatedAt { get; init; }
        public byte[]? PreviousHash { get; init; }
        public byte[]? Hash { get; init; }

        public Entry ToEntry() => new(
            TransferId, AccountId, AmountKopecks, CreatedAt, OperationId, Sequence, BalanceAfterKopecks,
            HashOf(PreviousHash), HashOf(Hash));
    }

    private sealed record WalletRow
    {
        public long AccountId { get; init; }
        public Guid MerchantId { get; init; }
        public Mode Mode { get; init; } = Mode.Test;
        public Kopecks BalanceKopecks { get; init; }
        public long LastSequence { get; init; }
        public DateTimeOffset? LastEntryAt { get; init; }
        public byte[]? LastHash { get; init; }

        public WalletState State => new(AccountId, BalanceKopecks, LastSequence, LastEntryAt, HashOf(LastHash));
    }
}

/// <summary>A wallet's row as it stands.</summary>
internal sealed record AuditedWallet(WalletKey Key, WalletState State);
