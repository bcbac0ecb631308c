using ArdorQr.Contracts;
using ArdorQr.Contracts.Events;
using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Ledger.Database;

/// <summary>A wallet's state, not signed yet.</summary>
internal sealed record UnsignedCheckpoint(long AccountId, Checkpoint Checkpoint);

/// <summary>The rows of <c>ledger.checkpoint</c>: at most one for each place in a wallet's chain.</summary>
internal static class Checkpoints
{
    /// <summary>The wallet as it is now; null before its first operation.</summary>
    public static async Task<UnsignedCheckpoint?> HeadAsync(
        ServiceTransaction transaction, WalletKey wallet, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT account_id, merchant_id, mode, last_sequence AS sequence, last_hash AS hash, balance_kopecks,
                clock_timestamp() AS created_at
            FROM ledger.wallet
            WHERE merchant_id = @merchantId AND mode = @mode AND last_sequence > 0
            """;
        var parameters = new { merchantId = wallet.MerchantId, mode = wallet.Mode.Code };
        return (await transaction.QuerySingleOrDefaultAsync<HeadRow>(sql, parameters, cancellationToken))?.ToCheckpoint();
    }

    /// <summary>The next wallets in the order of their ids, and those of them that moved since their last checkpoint.</summary>
    public static async Task<(long? LastAccountId, IReadOnlyList<UnsignedCheckpoint> Moved)> NextHeadsAsync(
        ServiceTransaction transaction, long afterAccountId, int limit, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT wallet.account_id, merchant_id, mode, last_sequence AS sequence, last_hash AS hash,
                wallet.balance_kopecks, clock_timestamp() AS created_at,
                last_sequence > 0 AND checkpoint.sequence IS NULL AS moved
            FROM (SELECT * FROM ledger.wallet WHERE account_id > @afterAccountId ORDER BY account_id LIMIT @limit) AS wallet
            LEFT JOIN ledger.checkpoint
                ON checkpoint.account_id = wallet.account_id AND checkpoint.sequence = wallet.last_sequence
            ORDER BY wallet.account_id
            """;
        var rows = (await transaction.QueryAsync<HeadRow>(sql, new { afterAccountId, limit }, cancellationToken)).ToList();
        return (rows.LastOrDefault()?.AccountId, [.. rows.Where(row => row.Moved).Select(row => row.ToCheckpoint())]);
    }

    /// <summary>Signs and stores them, and announces those that nobody stored meanwhile.</summary>
    public static async Task SignAsync(
        ServiceTransaction transaction, IReadOnlyList<UnsignedCheckpoint> heads, CheckpointSigner signer, TimeProvider time,
        CancellationToken cancellationToken)
    {
        // In the order of the accounts, so that two signers wait for each other and never both.
        const string sql =
            """
            INSERT INTO ledger.checkpoint (
                account_id, sequence, hash, balance_kopecks, created_at, signature, event_id, key_id, public_key)
            SELECT row.*, @keyId, @publicKey
            FROM unnest(@accountIds, @sequences, @hashes, @balances, @createdAts, @signatures, @eventIds)
                AS row (account_id, sequence)
            ORDER BY account_id
            ON CONFLICT DO NOTHING
            RETURNING event_id
            """;
        if (heads.Count == 0)
        {
            return;
        }

        var rows = heads
            .Select(head => (head.AccountId, Signed: signer.Sign(head.Checkpoint), EventId: Guid.CreateVersion7(time.GetUtcNow())))
            .ToList();
        var stored = await transaction.QueryAsync<Guid>(sql, new
        {
            accountIds = rows.Select(row => row.AccountId).ToArray(),
            sequences = rows.Select(row => row.Signed.Checkpoint.Sequence).ToArray(),
            hashes = rows.Select(row => row.Signed.Checkpoint.Hash.ToArray()).ToArray(),
            balances = rows.Select(row => row.Signed.Checkpoint.Balance.Value).ToArray(),
            createdAts = rows.Select(row => row.Signed.Checkpoint.CreatedAt).ToArray(),
            signatures = rows.Select(row => row.Signed.Signature).ToArray(),
            eventIds = rows.Select(row => row.EventId).ToArray(),
            keyId = rows[0].Signed.KeyId,
            publicKey = rows[0].Signed.PublicKey,
        }, cancellationToken);
        var announced = stored.ToHashSet();
        foreach (var row in rows.Where(row => announced.Contains(row.EventId)))
        {
            transaction.Enqueue(EventOf(row.Signed, row.EventId));
        }
    }

    /// <summary>The checkpoint at this place, or null.</summary>
    public static async Task<SignedCheckpoint?> FindAsync(
        ServiceTransaction transaction, UnsignedCheckpoint head, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT sequence, hash, balance_kopecks, created_at, key_id, public_key, signature
            FROM ledger.checkpoint
            WHERE account_id = @accountId AND sequence = @sequence
            """;
        var parameters = new { head.AccountId, head.Checkpoint.Sequence };
        return (await transaction.QuerySingleOrDefaultAsync<SignedRow>(sql, parameters, cancellationToken))
            ?.ToCheckpoint(head.Checkpoint.Wallet);
    }

    /// <summary>By account, those after one place in the wallets' chains and up to another.</summary>
    public static async Task<ILookup<long, SignedCheckpoint>> OfPageAsync(
        ServiceTransaction transaction, long account, long sequence, long lastAccount, long lastSequence, int limit,
        CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT account_id, wallet.merchant_id, wallet.mode, sequence, hash, checkpoint.balance_kopecks, created_at,
                key_id, public_key, signature
            FROM ledger.checkpoint JOIN ledger.wallet USING (account_id)
            WHERE (account_id, sequence) > (@account, @sequence) AND (account_id, sequence) <= (@lastAccount, @lastSequence)
            ORDER BY account_id, sequence
            LIMIT @limit
            """;
        var parameters = new { account, sequence, lastAccount, lastSequence, limit };
        return (await transaction.QueryAsync<SignedRow>(sql, parameters, cancellationToken))
            .ToLookup(row => row.AccountId, row => row.ToCheckpoint(new WalletKey(row.MerchantId, row.Mode)));
    }

    private static CheckpointSigned EventOf(SignedCheckpoint signed, Guid eventId) => new()
    {
        EventId = eventId,
        CreatedAt = signed.Checkpoint.CreatedAt,
        MerchantId = signed.Checkpoint.Wallet.MerchantId,
        Mode = signed.Checkpoint.Wallet.Mode,
        Sequence = signed.Checkpoint.Sequence,
        Hash = signed.Checkpoint.Hash.ToString(),
        BalanceMinor = signed.Checkpoint.Balance,
        KeyId = signed.KeyId,
        PublicKey = Convert.ToBase64String(signed.PublicKey),
        Signature = Convert.ToBase64String(signed.Signature),
    };

    private sealed record HeadRow
    {
        public long AccountId { get; init; }
        public Guid MerchantId { get; init; }
        public Mode Mode { get; init; } = Mode.Test;
        public long Sequence { get; init; }
        public byte[] Hash { get; init; } = [];
        public Kopecks BalanceKopecks { get; init; }
        public DateTimeOffset CreatedAt { get; init; }
        public bool Moved { get; init; }

        public UnsignedCheckpoint ToCheckpoint() => new(
            AccountId,
            new Checkpoint(new(MerchantId, Mode), Sequence, OperationHash.Of(Hash), BalanceKopecks, CreatedAt));
    }

    private sealed record SignedRow
    {
        public long AccountId { get; init; }
        public Guid MerchantId { get; init; }
        public Mode Mode { get; init; } = Mode.Test;
        public long Sequence { get; init; }
        public byte[] Hash { get; init; } = [];
        public Kopecks BalanceKopecks { get; init; }
        public DateTimeOffset CreatedAt { get; init; }
        public string KeyId { get; init; } = "";
        public byte[] PublicKey { get; init; } = [];
        public byte[] Signature { get; init; } = [];

        public SignedCheckpoint ToCheckpoint(WalletKey wallet) => new(
            new Checkpoint(wallet, Sequence, OperationHash.Of(Hash), BalanceKopecks, CreatedAt), KeyId, PublicKey, Signature);
    }
}
