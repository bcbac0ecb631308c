using ArdorQr.Contracts;
using ArdorQr.Ledger.Database;
using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.Testing;
using Npgsql;

namespace ArdorQr.Ledger.Tests;

/// <summary>What the database itself refuses, whatever a program does.</summary>
public sealed class SchemaTests
{
    private const string AnyId = "0198f000-0000-7000-8000-000000000001";
    private const string OtherId = "0198f000-0000-7000-8000-000000000002";

    /// <summary>A posted debit of 100 for the wallet 1000, which has 500 after its first entry.</summary>
    private const string Debit =
        $"""
        INSERT INTO ledger.transfer (transfer_id, kind, merchant_id, mode, source_id, amount_kopecks, fee_kopecks, total_kopecks,
            description, status, balance_kopecks, operation_id, created_at)
        SELECT '{AnyId}', 'debit', merchant_id, 'test', '{AnyId}', 100, 0, 100, 'x', 'posted', 400, '{AnyId}', clock_timestamp()
        FROM ledger.wallet WHERE account_id = 1000;
        """;

    private const string Link = "(SELECT hash FROM ledger.entry WHERE account_id = 1000 AND sequence = 1)";

    private const string Hash =
        $"""
        (SELECT ledger.operation_hash({Link}, merchant_id, 'test', 2, '{AnyId}', 'debit', -100, 400, '{AnyId}', '2100-01-01Z', 'x')
        FROM ledger.wallet WHERE account_id = 1000)
        """;

    private const string Wallet =
        $"""
        UPDATE ledger.wallet SET balance_kopecks = 400, last_sequence = 2, last_entry_at = '2100-01-01Z', last_hash = {Hash}
        WHERE account_id = 1000;
        """;

    private const string Entries =
        """
        INSERT INTO ledger.entry (transfer_id, account_id, amount_kopecks, operation_id, sequence, balance_after_kopecks,
            created_at, previous_hash, hash) VALUES
        """;

    private const string WalletEntry = $"('{AnyId}', 1000, -100, '{AnyId}', 2, 400, '2100-01-01Z', {Link}, {Hash})";

    private const string HouseEntry = $"('{AnyId}', 202, 100, NULL, NULL, NULL, '2100-01-01Z', NULL, NULL)";

    private const string Zeros = "decode(repeat('00', 32), 'hex')";

    [Theory]
    [InlineData("UPDATE ledger.entry SET amount_kopecks = 1")]
    [InlineData("DELETE FROM ledger.entry")]
    [InlineData("TRUNCATE ledger.entry")]
    [InlineData("UPDATE ledger.transfer SET status = 'refused'")]
    [InlineData("UPDATE ledger.transfer SET total_kopecks = 1")]
    [InlineData("DELETE FROM ledger.transfer")]
    [InlineData("DELETE FROM ledger.wallet")]
    [InlineData("UPDATE ledger.wallet SET merchant_id = gen_random_uuid()")]
    [InlineData("INSERT INTO ledger.wallet (merchant_id, mode, balance_kopecks) VALUES (gen_random_uuid(), 'test', 5)")]
    [InlineData("INSERT INTO ledger.house_account VALUES (1, 'test', 'x')")]
    [InlineData("ALTER TABLE ledger.entry DISABLE TRIGGER ALL")]
    [InlineData("DROP TRIGGER check_entries ON ledger.entry")]
    public async Task The_application_may_not(string sql)
    {
        await using var database = await FundedAsync();

        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, (await FailureAsync(database, sql))?.SqlState);
    }

    [Fact]
    public async Task A_sound_posting_is_taken()
    {
        await using var database = await FundedAsync();

        Assert.Null(await FailureAsync(database, $"{Debit}{Wallet}{Entries}{WalletEntry}, {HouseEntry}"));
    }

    [Theory]
    [InlineData("no sum of zero", "do not sum to zero", $"{Debit}{Wallet}{Entries}{WalletEntry}, ('{AnyId}', 202, 99, NULL, NULL, NULL, '2100-01-01Z', NULL, NULL)")]
    [InlineData("one side only", "do not sum to zero", $"{Debit}{Wallet}{Entries}{WalletEntry}")]
    [InlineData("no transfer", "of no posted transfer", $"{Wallet}{Entries}{WalletEntry}, {HouseEntry}")]
    [InlineData("no such account", "of no posted transfer", $"{Debit}{Wallet}{Entries}{WalletEntry}, ('{AnyId}', 999, 100, NULL, NULL, NULL, '2100-01-01Z', NULL, NULL)")]
    [InlineData("the other mode's house", "of no posted transfer", $"{Debit}{Wallet}{Entries}{WalletEntry}, ('{AnyId}', 102, 100, NULL, NULL, NULL, '2100-01-01Z', NULL, NULL)")]
    [InlineData("another's wallet", "of no posted transfer", $"{Debit}{Wallet}{Entries}('{AnyId}', 1001, -100, '{AnyId}', 2, 400, '2100-01-01Z', {Link}, {Hash}), {HouseEntry}")]
    [InlineData("a gap", "does not continue", $"{Debit}{Wallet}{Entries}('{AnyId}', 1000, -100, '{AnyId}', 3, 400, '2100-01-01Z', {Link}, {Hash}), {HouseEntry}")]
    [InlineData("a wrong balance", "does not continue", $"{Debit}{Wallet}{Entries}('{AnyId}', 1000, -100, '{AnyId}', 2, 401, '2100-01-01Z', {Link}, {Hash}), {HouseEntry}")]
    [InlineData("a time that goes back", "does not continue", $"{Debit}{Wallet}{Entries}('{AnyId}', 1000, -100, '{AnyId}', 2, 400, '2000-01-01Z', {Link}, {Hash}), {HouseEntry}")]
    [InlineData("another link before it", "does not continue", $"{Debit}{Wallet}{Entries}('{AnyId}', 1000, -100, '{AnyId}', 2, 400, '2100-01-01Z', {Zeros}, {Hash}), {HouseEntry}")]
    [InlineData("a hash of something else", "not what its hash says", $"{Debit}{Wallet}{Entries}('{AnyId}', 1000, -100, '{AnyId}', 2, 400, '2100-01-01Z', {Link}, {Zeros}), {HouseEntry}")]
    [InlineData("a wallet's entry outside of the chain", "entry_chained", $"{Debit}{Wallet}{Entries}('{AnyId}', 1000, -100, '{AnyId}', 2, 400, '2100-01-01Z', NULL, NULL), {HouseEntry}")]
    [InlineData("a house's entry in a chain", "entry_chained", $"{Debit}{Wallet}{Entries}{WalletEntry}, ('{AnyId}', 202, 100, NULL, NULL, NULL, '2100-01-01Z', {Link}, {Hash})")]
    [InlineData("half a hash", "hash_length", $"{Debit}{Wallet}{Entries}('{AnyId}', 1000, -100, '{AnyId}', 2, 400, '2100-01-01Z', {Link}, '\\xaa'), {HouseEntry}")]
    [InlineData("a wallet with another link", "does not agree", $"{Debit}{Wallet}UPDATE ledger.wallet SET last_hash = {Link} WHERE account_id = 1000;{Entries}{WalletEntry}, {HouseEntry}")]
    [InlineData("a wallet left behind", "does not agree", $"{Debit}{Entries}{WalletEntry}, {HouseEntry}")]
    [InlineData("a wallet's entry without a number", "entry_check", $"{Debit}{Wallet}{Entries}('{AnyId}', 1000, -100, NULL, NULL, NULL, '2100-01-01Z', NULL, NULL), {HouseEntry}")]
    [InlineData("a wallet below zero", "wallet_balance_kopecks_check", "UPDATE ledger.wallet SET balance_kopecks = -1")]
    [InlineData("a total that is no sum", "transfer_check", $"""
        INSERT INTO ledger.transfer (transfer_id, kind, merchant_id, mode, source_id, amount_kopecks, fee_kopecks, total_kopecks,
            description, status, balance_kopecks, operation_id, created_at)
        VALUES ('{AnyId}', 'debit', '{AnyId}', 'test', '{AnyId}', 100, 1, 100, 'x', 'posted', 0, '{AnyId}', now())
        """)]
    [InlineData("a refusal without a reason", "transfer_check", $"""
        INSERT INTO ledger.transfer (transfer_id, kind, merchant_id, mode, source_id, amount_kopecks, fee_kopecks, total_kopecks,
            description, status, balance_kopecks, created_at)
        VALUES ('{AnyId}', 'debit', '{AnyId}', 'test', '{AnyId}', 100, 0, 100, 'x', 'refused', 0, now())
        """)]
    public async Task The_books_refuse(string what, string why, string sql)
    {
        await using var database = await FundedAsync();

        var failure = await FailureAsync(database, sql);

        Assert.True(failure?.SqlState == PostgresErrorCodes.CheckViolation, what);
        Assert.Contains(why, failure.MessageText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_payment_has_one_posted_debit_and_a_debit_one_closing_transfer()
    {
        await using var database = await FundedAsync();
        const string closing =
            $"""
            INSERT INTO ledger.transfer (transfer_id, kind, merchant_id, mode, source_id, debit_id, amount_kopecks, fee_kopecks,
                total_kopecks, description, status, balance_kopecks, answer_event_id, created_at, operation_id)
            SELECT gen_random_uuid(), kind, '{AnyId}', 'test', '{AnyId}', '{AnyId}', 100, 0, 100, 'x', 'posted', 400, '{AnyId}', now(),
                CASE kind WHEN 'refund' THEN '{AnyId}'::uuid END
            FROM unnest(ARRAY['settlement', 'refund']) AS kind
            """;

        Assert.Equal(PostgresErrorCodes.UniqueViolation,
            (await FailureAsync(database, Debit + Debit.Replace($"SELECT '{AnyId}'", $"SELECT '{OtherId}'", StringComparison.Ordinal)))?.SqlState);
        Assert.Equal(PostgresErrorCodes.UniqueViolation, (await FailureAsync(database, Debit + closing))?.SqlState);
    }

    /// <summary>Books with two wallets, 1000 and 1001, of 500 each.</summary>
    private static async Task<TestDatabase> FundedAsync()
    {
        var database = await TestDatabase.CreateAsync(typeof(Program).Assembly, LedgerHost.Token);
        var deposits = Enumerable.Range(0, 2).Select(_ => new TransferRequest.Deposit(
            Ids.New(), new WalletKey(Ids.New(), Mode.Test), Sums.TryOf(new(500), new(0), new(500))!, "x", Ids.New(), Ids.New())).ToList();
        await Books.OpenWalletsAsync(database.Database, [.. deposits.Select(deposit => deposit.Wallet)], LedgerHost.Token);
        await using var transaction = await database.Database.BeginAsync(LedgerHost.Token);
        var books = await Books.TryOpenAsync(transaction, deposits, LedgerHost.Token);
        Assert.True(await BookWriting.TryCommitAsync(transaction, Posting.Post(books!, deposits), LedgerHost.Token));
        return database;
    }

    /// <summary>Runs statements as the application; their failure, or null when they are committed.</summary>
    private static async Task<PostgresException?> FailureAsync(TestDatabase database, string sql)
    {
        await using var transaction = await database.Database.BeginAsync(LedgerHost.Token);
        try
        {
            await transaction.ExecuteAsync(sql, null, LedgerHost.Token);
            await transaction.CommitAsync(LedgerHost.Token);
            return null;
        }
        catch (PostgresException exception)
        {
            return exception;
        }
    }
}
