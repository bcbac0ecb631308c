using System.Net;
using System.Text.Json;
using ArdorQr.Deposits.Clients;
using ArdorQr.Deposits.Domain;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.Ton;

namespace ArdorQr.Deposits.Tests;

/// <summary>What operators are told of the wallets' balances, and what a wallet's own transactions say.</summary>
public sealed class ReconciliationTests
{
    [Fact]
    public async Task Balances_that_agree_and_credits_that_were_posted_are_reported_as_such()
    {
        await using var world = await SandboxWorld.StartAsync();
        await using var deposits = await world.StartDepositsAsync();
        await deposits.RoundAsync();
        await world.SendAsync(25, "mint");
        await world.SendAsync(0.25m);
        for (var round = 0; round < 4; round++)
        {
            await world.NextBlockAsync();
            await deposits.RoundAsync();
            await deposits.ReconcileAsync();
        }

        var checks = await ChecksAsync(deposits);
        var balances = checks["chain_balances_test"];
        Assert.True(balances.GetProperty("ok").GetBoolean());
        Assert.Equal((25.25m, 25.25m), (balances.GetProperty("expected").GetDecimal(), balances.GetProperty("actual").GetDecimal()));
        Assert.Equal(1, balances.GetProperty("details").GetProperty("wallets").GetInt64());
        Assert.True(balances.GetProperty("details").GetProperty("block").GetInt64() > 50_000_000);
        var posted = checks["deposits_posted_test"];
        Assert.True(posted.GetProperty("ok").GetBoolean()); // On its way, and not for long.
        Assert.Equal((227_387L, 0L), (posted.GetProperty("expected").GetInt64(), posted.GetProperty("actual").GetInt64()));

        await deposits.ExecuteAsync("UPDATE deposits.deposit SET confirmed_at = confirmed_at - interval '6 minutes' WHERE confirmed_at IS NOT NULL");
        Assert.False((await ChecksAsync(deposits))["deposits_posted_test"].GetProperty("ok").GetBoolean());
    }

    [Fact]
    public async Task Late_in_the_book_is_what_is_older_and_pending_or_was_confirmed_since()
    {
        await using var world = await SandboxWorld.StartAsync();
        await using var deposits = await world.StartDepositsAsync();
        await deposits.RoundAsync();
        for (var sent = 0; sent < 3; sent++)
        {
            await world.SendAsync(25);
        }

        for (var round = 0; round < 4; round++)
        {
            await world.NextBlockAsync();
            await deposits.RoundAsync();
        }

        var now = TimeProvider.System.GetUtcNow();
        var from = now.AddDays(-3);
        await deposits.ExecuteAsync(
            "UPDATE deposits.deposit SET status = 'credited', operation_id = gen_random_uuid(), "
            + "credited_event_id = gen_random_uuid(), credited_at = clock_timestamp(), "
            + "confirmed_at = confirmed_at - interval '4 days' "
            + "WHERE deposit_id = (SELECT min(deposit_id::text)::uuid FROM deposits.deposit)");
        using var client = deposits.Factory.ClientOfService("gateway", "deposits:reconcile");

        Assert.Equal(2, await CountAsync(now.AddDays(1)));
        Assert.Equal(0, await CountAsync(from)); // None is older than its time.

        async Task<int> CountAsync(DateTimeOffset before)
        {
            var (status, body) = await DepositsHost.SendAsync(
                client, HttpMethod.Get,
                $"/internal/books/deposits/late?after={Guid.Empty}&before={BookQuery.FirstIdAt(before)}&changedFrom={from.UtcDateTime:O}");
            Assert.Equal(HttpStatusCode.OK, status);
            return body.GetProperty("rows").GetArrayLength();
        }
    }

    [Fact]
    public async Task A_balance_that_nothing_explains_is_named()
    {
        await using var world = await SandboxWorld.StartAsync();
        await using var deposits = await world.StartDepositsAsync();
        await deposits.RoundAsync();
        await world.SendAsync(25);
        for (var round = 0; round < 4; round++)
        {
            await world.NextBlockAsync();
            await deposits.RoundAsync();
        }

        await deposits.ExecuteAsync(
            """
            INSERT INTO deposits.movement (network_global_id, transaction_hash, jetton_wallet, lt, kind, micros)
            SELECT network_global_id, repeat('a', 64), jetton_wallet, 1, 'sweep', -7 FROM deposits.deposit
            """);
        await deposits.ReconcileAsync();
        await deposits.ReconcileAsync();
        Assert.True((await ChecksAsync(deposits))["chain_balances_test"].GetProperty("ok").GetBoolean()); // It may settle yet.
        await deposits.ExecuteAsync("UPDATE deposits.wallet_difference SET found_at = found_at - interval '6 minutes'");

        var check = (await ChecksAsync(deposits))["chain_balances_test"];
        Assert.False(check.GetProperty("ok").GetBoolean());
        var difference = Assert.Single(check.GetProperty("details").GetProperty("differences").EnumerateArray());
        Assert.Equal((25m, 24.999993m), (difference.GetProperty("balance").GetDecimal(), difference.GetProperty("expected").GetDecimal()));

        await deposits.ExecuteAsync("DELETE FROM deposits.movement");
        await deposits.ReconcileAsync();
        Assert.True((await ChecksAsync(deposits))["chain_balances_test"].GetProperty("ok").GetBoolean());
    }

    [Fact]
    public async Task Only_the_scope_for_it_reads_the_reconciliation()
    {
        await using var deposits = await DepositsHost.StartAsync();
        using var other = deposits.Factory.ClientOfService("gateway", "deposits:operate");

        Assert.Equal(HttpStatusCode.Forbidden, (await DepositsHost.SendAsync(other, HttpMethod.Get, "/internal/reconciliation")).Status);
    }

    [Fact]
    public void The_samples_receipt_is_read_as_what_came_in()
    {
        var transaction = Read(Samples.ReceiverTransaction.ToJsonString());

        var came = Assert.IsType<WalletEvent.Received>(WalletEvent.Of(transaction, Owner, Jetton));

        Assert.Equal((UInt128)25_000_000, came.Transfer.Amount);
    }

    [Fact]
    public void The_samples_sender_is_read_as_what_left()
    {
        var transaction = Read(Samples.SenderTransaction.ToJsonString());

        Assert.Equal(
            new WalletEvent.Moved(WalletEvent.Sweep, -25_000_000, Owner), WalletEvent.Of(transaction, TonAddress.Parse(Samples.Sender), Jetton));
        Assert.Null(WalletEvent.Of(transaction, Owner, Jetton)); // A stranger's order moves nothing.
        Assert.Null(WalletEvent.Of(transaction with { Aborted = true }, TonAddress.Parse(Samples.Sender), Jetton));
    }

    [Theory]
    [InlineData(JettonMessages.InternalTransferOpcode, 25_000_000L)]
    [InlineData(0x7bdd97deu, 25_000_000L)]
    [InlineData(JettonMessages.TransferNotificationOpcode, null)]
    public void What_comes_back_is_read_by_its_first_fields(uint opcode, long? micros)
    {
        var body = new CellBuilder().StoreUInt(0xffffffff, 32).StoreUInt(opcode, 32).StoreUInt(1, 64).StoreCoins(25_000_000).Build();
        var transaction = Read(Samples.ReceiverTransaction.ToJsonString());
        var bounced = transaction with
        {
            InMessage = transaction.InMessage! with { Bounced = true, Body = body, BodyHash = ChainHash.Parse(body.HashHex) },
        };

        Assert.Equal(
            micros is { } amount ? new WalletEvent.Moved(WalletEvent.Returned, amount, null) : null, WalletEvent.Of(bounced, Owner, Jetton));
    }

    private static TonAddress Owner => TonAddress.Parse(Samples.Owner);

    private static JettonKind Jetton => new(
        TonAddress.Parse(Samples.Master), JettonWallet.LibraryCode(Convert.FromHexString(Samples.WalletCodeHash)));

    private static ChainTransaction Read(string json) => ToncenterReader.TransactionOf(
        JsonSerializer.Deserialize<ToncenterBodies.Transaction>(json, ToncenterBodies.Json)!)!;

    private static async Task<Dictionary<string, JsonElement>> ChecksAsync(DepositsHost deposits)
    {
        using var client = deposits.Factory.ClientOfService("gateway", "deposits:reconcile");
        var (status, body) = await DepositsHost.SendAsync(client, HttpMethod.Get, "/internal/reconciliation");
        Assert.Equal(HttpStatusCode.OK, status);
        return body.GetProperty("checks").EnumerateArray().ToDictionary(check => check.GetProperty("name").GetString()!);
    }
}
