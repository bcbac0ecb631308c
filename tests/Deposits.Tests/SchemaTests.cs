using ArdorQr.ServiceDefaults.Database;
using ArdorQr.Testing;
using Npgsql;

namespace ArdorQr.Deposits.Tests;

/// <summary>What the database refuses, whatever the code does.</summary>
public sealed class SchemaTests
{
    private const string Insert =
        """
        INSERT INTO deposits.address (merchant_id, mode, merchant_number, network_global_id, owner, jetton_wallet)
        VALUES ('01900000-0000-7000-8000-000000000001', 'test', 1, -3, '0:' || repeat('a', 64), '0:' || repeat('b', 64));
        INSERT INTO deposits.deposit (
            deposit_id, merchant_id, mode, status, network_global_id, jetton_wallet, to_address, tx_hash, tx_lt, amount_micros, fee_bps)
        VALUES ('01900000-0000-7000-8000-000000000002', '01900000-0000-7000-8000-000000000001', 'test', 'pending', -3,
            '0:' || repeat('b', 64), '0:' || repeat('a', 64), repeat('c', 64), 7, 125500000, 150);
        """;

    [Fact]
    public async Task A_deposit_is_confirmed_with_the_contracts_rounding()
    {
        await using var database = await TestDatabase.CreateAsync(typeof(Program).Assembly, DepositsHost.Token);

        await ExecuteAsync(database, Insert, Confirmed(1_158_867, 17_384, 1_141_483));
    }

    [Theory]
    [InlineData(1_158_868, 17_384, 1_141_484)]
    [InlineData(1_158_867, 17_383, 1_141_484)]
    [InlineData(1_158_867, 17_384, 1_141_484)]
    public async Task Any_other_amounts_are_refused(long gross, long fee, long credited)
    {
        await using var database = await TestDatabase.CreateAsync(typeof(Program).Assembly, DepositsHost.Token);
        await ExecuteAsync(database, Insert);

        await RefusedAsync(database, PostgresErrorCodes.CheckViolation, Confirmed(gross, fee, credited));
    }

    [Theory]
    [InlineData("UPDATE deposits.deposit SET status = 'credited'")]
    [InlineData("UPDATE deposits.deposit SET operation_id = deposit_id, credited_at = now(), credited_event_id = deposit_id")]
    [InlineData("UPDATE deposits.deposit SET gross_kopecks = 1158867")]
    [InlineData("UPDATE deposits.deposit SET status = 'failed'")]
    [InlineData("UPDATE deposits.deposit SET status = 'done'")]
    public async Task Half_a_change_is_refused(string sql)
    {
        await using var database = await TestDatabase.CreateAsync(typeof(Program).Assembly, DepositsHost.Token);
        await ExecuteAsync(database, Insert);

        await RefusedAsync(database, PostgresErrorCodes.CheckViolation, sql);
    }

    [Theory]
    [InlineData("UPDATE deposits.deposit SET tx_hash = repeat('f', 64)")]
    [InlineData("UPDATE deposits.deposit SET merchant_id = deposit_id")]
    [InlineData("DELETE FROM deposits.deposit")]
    [InlineData("UPDATE deposits.address SET owner = jetton_wallet")]
    [InlineData("DELETE FROM deposits.address")]
    [InlineData("INSERT INTO deposits.watcher (mode) VALUES ('other')")]
    public async Task What_never_changes_the_service_can_not_change(string sql)
    {
        await using var database = await TestDatabase.CreateAsync(typeof(Program).Assembly, DepositsHost.Token);
        await ExecuteAsync(database, Insert);

        await RefusedAsync(database, PostgresErrorCodes.InsufficientPrivilege, sql);
    }

    [Fact]
    public async Task A_message_is_received_once()
    {
        await using var database = await TestDatabase.CreateAsync(typeof(Program).Assembly, DepositsHost.Token);
        await ExecuteAsync(database, Insert, "UPDATE deposits.deposit SET message_hash = repeat('d', 64)");

        await RefusedAsync(
            database, PostgresErrorCodes.UniqueViolation,
            """
            INSERT INTO deposits.deposit (
                deposit_id, merchant_id, mode, status, network_global_id, jetton_wallet, to_address, tx_hash, tx_lt, message_hash,
                amount_micros, fee_bps)
            SELECT merchant_id, merchant_id, mode, status, network_global_id, jetton_wallet, to_address, repeat('f', 64), tx_lt,
                message_hash, amount_micros, fee_bps
            FROM deposits.deposit
            """);
    }

    private static string Confirmed(long gross, long fee, long credited) =>
        $"""
        UPDATE deposits.deposit
        SET message_hash = repeat('d', 64), receiver_tx_hash = repeat('e', 64), rate_micros = 92340000, rate_at = now(),
            rate_quotes = '[]', gross_kopecks = {gross}, fee_kopecks = {fee}, credited_kopecks = {credited},
            confirmed_at = now(), confirmed_event_id = deposit_id
        """;

    private static async Task RefusedAsync(TestDatabase database, string state, string sql) =>
        Assert.Equal(state, (await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(database, sql))).SqlState);

    /// <summary>As the application's role.</summary>
    private static async Task ExecuteAsync(TestDatabase database, params string[] statements)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(DepositsHost.Token);
        foreach (var sql in statements)
        {
            await connection.ExecuteAsync(sql, null, DepositsHost.Token);
        }
    }
}
