using System.Net;

namespace ArdorQr.Ledger.Tests;

/// <summary>What somebody does to books that were audited, as superuser and with the triggers off, and what the auditor says.</summary>
public sealed class AuditTamperingTests(AuditTamperingTests.AuditedBooks ledger) : IClassFixture<AuditTamperingTests.AuditedBooks>
{
    private const string Wallet = "(SELECT account_id FROM ledger.wallet WHERE merchant_id = @merchant AND mode = 'test')";

    /// <summary>Of the fourth operation: a debit that was settled.</summary>
    private const string TransferAt =
        $"(SELECT transfer_id FROM ledger.entry WHERE account_id = {Wallet} AND sequence = 4)";

    private const string SettlementOf = $"(SELECT transfer_id FROM ledger.transfer WHERE debit_id = {TransferAt})";

    /// <summary>All that the auditor itself remembers, told anew to fit what stands there.</summary>
    private const string ForgeMemory =
        "UPDATE ledger.audited_wallet SET (balance_kopecks, last_sequence, last_entry_at, last_hash) = ("
        + "SELECT balance_kopecks, last_sequence, last_entry_at, last_hash FROM ledger.wallet"
        + " WHERE wallet.account_id = audited_wallet.account_id);";

    private const string CutTail =
        $"DELETE FROM ledger.entry WHERE account_id = {Wallet} AND sequence > 3;"
        + "UPDATE ledger.wallet SET (balance_kopecks, last_sequence, last_entry_at, last_hash) = ("
        + "SELECT balance_after_kopecks, sequence, created_at, hash FROM ledger.entry"
        + " WHERE entry.account_id = wallet.account_id AND sequence = 3) WHERE merchant_id = @merchant AND mode = 'test';";

    [Theory]
    [InlineData("ledger_chains", "an amount", $"UPDATE ledger.entry SET amount_kopecks = amount_kopecks - 1 WHERE account_id = {Wallet} AND sequence = 3")]
    [InlineData("ledger_transfers", "an amount, beside the house's", $"UPDATE ledger.entry SET amount_kopecks = amount_kopecks - 1 WHERE account_id = {Wallet} AND sequence = 3")]
    [InlineData("ledger_chains", "a description", $"UPDATE ledger.transfer SET description = 'Другое' WHERE transfer_id = {TransferAt}")]
    [InlineData("ledger_chains", "a removed row", $"DELETE FROM ledger.entry WHERE account_id = {Wallet} AND sequence = 3")]
    [InlineData("ledger_transfers", "a removed row of a wallet", $"DELETE FROM ledger.entry WHERE account_id = {Wallet} AND sequence = 3")]
    [InlineData("ledger_transfers", "a removed row of the house", $"DELETE FROM ledger.entry WHERE account_id < 1000 AND transfer_id = {TransferAt}")]
    [InlineData("ledger_transfers", "a row of the house in another account", $"UPDATE ledger.entry SET account_id = 204 WHERE account_id = 202 AND transfer_id = {TransferAt}")]
    [InlineData("ledger_transfers", "an inserted transfer of the house's alone",
        "INSERT INTO ledger.entry (transfer_id, account_id, amount_kopecks, created_at) VALUES"
        + " ('01990000-0000-7000-8000-000000000001', 204, 5, now()), ('01990000-0000-7000-8000-000000000001', 203, -5, now())")]
    [InlineData("ledger_transfers", "a removed transfer", $"DELETE FROM ledger.transfer WHERE transfer_id = {TransferAt}")]
    [InlineData("ledger_transfers", "a removed settlement with its entries",
        $"DELETE FROM ledger.entry WHERE transfer_id = {SettlementOf}; DELETE FROM ledger.transfer WHERE debit_id = {TransferAt}")]
    [InlineData("ledger_transfers", "a settlement of another debit", $"UPDATE ledger.transfer SET debit_id = gen_random_uuid() WHERE debit_id = {TransferAt}")]
    [InlineData("ledger_transfers", "a refusal that became posted",
        "UPDATE ledger.transfer SET status = 'posted', reason = NULL, operation_id = gen_random_uuid() WHERE status = 'refused'")]
    [InlineData("ledger_transfers", "a removed refusal", "DELETE FROM ledger.transfer WHERE status = 'refused'")]
    [InlineData("ledger_transfers", "a removed void", "DELETE FROM ledger.transfer WHERE status = 'voided'")]
    [InlineData("ledger_transfers", "an inserted void",
        "INSERT INTO ledger.transfer (transfer_id, kind, merchant_id, mode, source_id, description, status, reason, balance_kopecks, created_at)"
        + " VALUES (gen_random_uuid(), 'debit', @merchant, 'test', gen_random_uuid(), '', 'voided', 'voided', 0, now())")]
    [InlineData("ledger_transfers", "an answered balance", $"UPDATE ledger.transfer SET balance_kopecks = balance_kopecks + 1 WHERE transfer_id = {TransferAt}")]
    [InlineData("ledger_balances", "a balance", "UPDATE ledger.wallet SET balance_kopecks = balance_kopecks + 1 WHERE merchant_id = @merchant AND mode = 'test'")]
    [InlineData("ledger_balances", "a removed wallet", "DELETE FROM ledger.wallet WHERE merchant_id = @merchant")]
    [InlineData("ledger_chains", "a wallet removed as a whole",
        $"DELETE FROM ledger.entry WHERE account_id = {Wallet}; DELETE FROM ledger.wallet WHERE merchant_id = @merchant")]
    [InlineData("ledger_chains", "two swapped rows",
        $"UPDATE ledger.entry SET sequence = 107 - sequence WHERE account_id = {Wallet} AND sequence IN (3, 4);"
        + $"UPDATE ledger.entry SET sequence = sequence - 100 WHERE account_id = {Wallet} AND sequence > 100")]
    [InlineData("ledger_chains", "an inserted row",
        "ALTER TABLE ledger.entry DROP CONSTRAINT entry_pkey; DROP INDEX ledger.entry_wallet_sequence;"
        + "INSERT INTO ledger.entry (transfer_id, account_id, amount_kopecks, operation_id, sequence, balance_after_kopecks, created_at, hash, previous_hash)"
        + "SELECT transfer_id, account_id, 777, gen_random_uuid(), sequence, balance_after_kopecks, created_at + interval '1 microsecond', hash, previous_hash"
        + $" FROM ledger.entry WHERE account_id = {Wallet} AND sequence = 3")]
    [InlineData("ledger_chains", "a cut tail with its balance", CutTail)]
    [InlineData("ledger_checkpoints", "a cut tail with its balance and the auditor's memory", CutTail + ForgeMemory)]
    [InlineData("ledger_chains", "a whole chain that was rewritten", Tampering.RewriteChains)]
    [InlineData("ledger_checkpoints", "a whole chain that was rewritten, with the auditor's memory", Tampering.RewriteChains + ForgeMemory)]
    [InlineData("ledger_checkpoints", "a checkpoint", "UPDATE ledger.checkpoint SET balance_kopecks = balance_kopecks + 1")]
    [InlineData("ledger_checkpoints", "a checkpoint of a key of somebody's own", "UPDATE ledger.checkpoint SET public_key = 'abc'")]
    public async Task Whatever_somebody_changes_in_audited_books_is_found(string check, string what, string sql)
    {
        await ledger.RestoreAsync();
        Assert.All(await ledger.Host.ReconcileAsync(), sound => Assert.True(sound.Value.Ok, sound.ToString()));

        await ledger.Host.AsOwnerAsync(sql, new { merchant = ledger.Merchant });
        var report = await ledger.Host.ReconcileAsync();

        Assert.False(report[check].Ok, $"{what}: {string.Join(Environment.NewLine, report)}");
        Assert.True(report[check].Actual >= 1, what);
        Assert.Equal(HttpStatusCode.OK, await ledger.Host.HealthOfBooksAsync("Degraded"));
    }

    /// <summary>Books that each test finds sound: filled and audited once, and restored.</summary>
    public sealed class AuditedBooks : IAsyncLifetime
    {
        private static readonly string[] Tables =
        [
            "wallet", "transfer", "entry", "checkpoint", "unaudited", "audit", "audited_wallet", "audited_sum",
            "audited_settlement", "refusal", "wallet_fault", "transfer_fault",
        ];

        internal LedgerHost Host { get; private set; } = null!;

        internal Guid Merchant { get; } = Ids.New();

        public async ValueTask InitializeAsync()
        {
            Host = await LedgerHost.StartAsync(new() { ["Ledger:Audit:IntervalSeconds"] = "3600" });
            await Host.FillAsync(Merchant);
            await Host.ReconcileAsync();
            await Host.AsOwnerAsync(string.Concat(Tables.Select(table => $"CREATE TABLE public.{table} AS SELECT * FROM ledger.{table};")));
        }

        internal Task RestoreAsync() => Host.AsOwnerAsync(
            $"TRUNCATE {string.Join(", ", Tables.Select(table => $"ledger.{table}"))};"
            + "CREATE UNIQUE INDEX IF NOT EXISTS entry_wallet_sequence ON ledger.entry (account_id, sequence) WHERE sequence IS NOT NULL;"
            + string.Concat(Tables.Select(table => $"INSERT INTO ledger.{table} OVERRIDING SYSTEM VALUE SELECT * FROM public.{table};")));

        public ValueTask DisposeAsync() => Host.DisposeAsync();
    }
}
