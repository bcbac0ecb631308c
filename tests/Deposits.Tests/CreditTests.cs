using ArdorQr.Contracts.Events;
using ArdorQr.Deposits.Database;

namespace ArdorQr.Deposits.Tests;

/// <summary>What must be credited, exactly once, and what must not: on the sandbox's own chain, by either way of discovery.</summary>
public sealed class CreditTests
{
    private const int Rounds = 5;
    private const long KopecksOf25 = 227_387; // 25 USDT at 92.34 ₽ and 1.5 %.

    [Theory]
    [InlineData(false, "transfer", 1, 0, null)]
    [InlineData(true, "transfer", 1, 0, "заказ 17")]
    [InlineData(false, "transfer", 3, 0, null)]
    [InlineData(true, "transfer", 3, 0, null)]
    [InlineData(false, "transfer", 1, 3, null)]
    [InlineData(true, "transfer", 1, 3, null)]
    [InlineData(false, "mint", 1, 0, null)]
    [InlineData(true, "mint", 2, 0, null)]
    [InlineData(true, "hidden", 1, 0, null)]
    public async Task What_arrived_is_credited_exactly_once(
        bool scans, string scenario, int count, int lateBlocks, string? comment)
    {
        await using var world = await SandboxWorld.StartAsync();
        await using var deposits = await world.StartDepositsAsync(settings => Scan(settings, scans));
        await deposits.RoundAsync();

        var txHash = await world.SendAsync(25, scenario, comment, count, lateBlocks);
        await RunAsync(world, deposits);

        Assert.Equal((count, count), ((int)await deposits.EnqueuedAsync<DepositDetected>(), (int)await deposits.EnqueuedAsync<DepositConfirmed>()));
        var confirmed = await deposits.PublishedAsync<DepositConfirmed>(count);
        Assert.All(confirmed, deposit => Assert.Equal(KopecksOf25, deposit.CreditedMinor.Value));
        Assert.Contains(await deposits.DepositsAsync(), deposit => deposit.GetProperty("txHash").GetString() == txHash);
        Assert.Equal(0, await DifferencesAsync(deposits));
    }

    [Theory]
    [InlineData(false, "fake_master", null)]
    [InlineData(true, "fake_master", null)]
    [InlineData(false, "ton", null)]
    [InlineData(true, "spoofed", "failed")]
    [InlineData(false, "bounced", "failed")]
    [InlineData(true, "aborted", "failed")]
    [InlineData(false, "out_of_gas", "failed")]
    [InlineData(true, "vanished", "pending")]
    public async Task What_did_not_arrive_is_not_credited(bool scans, string scenario, string? status)
    {
        await using var world = await SandboxWorld.StartAsync();
        await using var deposits = await world.StartDepositsAsync(settings => Scan(settings, scans));
        await deposits.RoundAsync();

        await world.SendAsync(25, scenario);
        await RunAsync(world, deposits);

        Assert.Equal(0, await deposits.EnqueuedAsync<DepositConfirmed>());
        Assert.Equal(status is null ? [] : [status], (await deposits.DepositsAsync()).Select(deposit => deposit.GetProperty("status").GetString()));
        Assert.Equal(0, await DifferencesAsync(deposits));
    }

    [Theory]
    [InlineData("transfer")]
    [InlineData("mint")]
    public async Task Less_than_the_minimum_is_shown_and_counted_and_makes_no_event(string scenario)
    {
        await using var world = await SandboxWorld.StartAsync();
        await using var deposits = await world.StartDepositsAsync();
        await deposits.RoundAsync();

        await world.SendAsync(0.499999m, scenario);
        await RunAsync(world, deposits);

        Assert.Equal("below_minimum", Assert.Single(await deposits.DepositsAsync()).GetProperty("status").GetString());
        Assert.Equal(0, await deposits.ScalarAsync<long>("SELECT count(*) FROM public.enqueued"));
        Assert.Equal(0, await DifferencesAsync(deposits));
    }

    [Fact]
    public async Task What_left_a_wallet_explains_its_balance()
    {
        await using var world = await SandboxWorld.StartAsync();
        await using var deposits = await world.StartDepositsAsync();
        await world.SendAsync(25);
        await RunAsync(world, deposits);

        await world.SendAsync(20, "sweep");
        await RunAsync(world, deposits);

        Assert.Equal(-20_000_000, await deposits.ScalarAsync<long>("SELECT micros FROM deposits.movement WHERE kind = 'sweep'"));
        Assert.Equal(0, await DifferencesAsync(deposits));
        Assert.Equal(1, await deposits.EnqueuedAsync<DepositConfirmed>());
    }

    [Fact]
    public async Task What_is_not_deep_enough_is_not_taken_for_true_by_its_balance_either()
    {
        await using var world = await SandboxWorld.StartAsync();
        await using var deposits = await world.StartDepositsAsync(
            settings => settings["Deposits:Worlds:Test:Confirmations"] = "1000");
        await world.SendAsync(25, "mint");
        await RunAsync(world, deposits);
        Assert.Equal((0L, 1L), (await deposits.ScalarAsync<long>("SELECT count(*) FROM deposits.deposit"), await DifferencesAsync(deposits)));

        await world.NextBlockAsync(1_000);
        await RunAsync(world, deposits);

        Assert.Equal((1L, 0L), (await deposits.EnqueuedAsync<DepositConfirmed>(), await DifferencesAsync(deposits)));
    }

    [Fact]
    public async Task A_failed_deposit_is_credited_after_all_when_its_receipt_shows_up()
    {
        await using var world = await SandboxWorld.StartAsync();
        await using var deposits = await world.StartDepositsAsync();
        await world.SendAsync(25);
        await world.NextBlockAsync();
        await world.FailAsync("unavailable", 1, path: "transactions");
        await Assert.ThrowsAsync<Clients.ChainUnavailableException>(deposits.RoundAsync);
        await deposits.ExecuteAsync(
            """
            UPDATE deposits.deposit SET status = 'failed', failure_reason = 'vanished', failed_event_id = deposit_id, failed_at = now()
            """);

        await RunAsync(world, deposits);

        Assert.Equal(1, await deposits.EnqueuedAsync<DepositConfirmed>());
    }

    [Theory]
    [InlineData("rate_limited")]
    [InlineData("unavailable")]
    [InlineData("cut")]
    [InlineData("garbled")]
    public async Task An_index_that_fails_delays_a_deposit_and_loses_nothing(string kind)
    {
        await using var world = await SandboxWorld.StartAsync();
        await using var deposits = await world.StartDepositsAsync();
        await deposits.RoundAsync();
        await world.SendAsync(25);
        await world.NextBlockAsync(2);

        await world.FailAsync(kind);
        await Assert.ThrowsAsync<Clients.ChainUnavailableException>(deposits.RoundAsync);
        foreach (var path in new[] { "jetton/transfers", "transactions" })
        {
            await world.FailAsync(kind, path: path);
            await Assert.ThrowsAsync<Clients.ChainUnavailableException>(deposits.RoundAsync);
        }

        await RunAsync(world, deposits);

        Assert.Equal((1L, 1L), (await deposits.EnqueuedAsync<DepositDetected>(), await deposits.EnqueuedAsync<DepositConfirmed>()));
    }

    [Fact]
    public async Task An_answer_that_does_not_come_is_not_waited_for()
    {
        await using var world = await SandboxWorld.StartAsync();
        await using var deposits = await world.StartDepositsAsync(
            settings => settings["Deposits:Worlds:Test:ChainTimeoutSeconds"] = "3");
        await world.SendAsync(25);
        await world.FailAsync("slow", seconds: 60);

        await Assert.ThrowsAsync<Clients.ChainUnavailableException>(deposits.RoundAsync);
        await RunAsync(world, deposits);

        Assert.Equal(1, await deposits.EnqueuedAsync<DepositConfirmed>());
    }

    [Fact]
    public async Task An_index_that_is_behind_shows_nothing_new_and_all_when_it_has_caught_up()
    {
        await using var world = await SandboxWorld.StartAsync();
        await using var deposits = await world.StartDepositsAsync();
        await deposits.RoundAsync();
        await world.FailAsync("lag", seconds: 600);
        await world.SendAsync(25);
        await world.NextBlockAsync(3);

        await deposits.RoundAsync();
        Assert.Empty(await deposits.DepositsAsync());
        await world.HealAsync();
        await RunAsync(world, deposits);

        Assert.Equal(1, await deposits.EnqueuedAsync<DepositConfirmed>());
    }

    [Fact]
    public async Task Whatever_happens_meanwhile_each_transfer_that_arrived_is_credited_once()
    {
        const int steps = 30;
        var random = new Random(17);
        string[] good = ["transfer", "mint", "hidden"], bad = ["fake_master", "ton", "spoofed", "bounced", "aborted", "out_of_gas", "vanished"];
        string[] faults = ["rate_limited", "unavailable", "cut", "garbled"];
        var (sent, expected) = (0, 0m);
        await using var world = await SandboxWorld.StartAsync();
        await using var first = await world.StartDepositsAsync(settings => Scan(settings, scans: true));
        await using var second = first.StartReplica();
        for (var step = 0; step < steps; step++)
        {
            var leader = random.Next(2) == 0 ? first : second;
            var amount = random.Next(1, 1_000);
            switch (random.Next(5))
            {
                case 0:
                    await world.FailAsync(faults[random.Next(faults.Length)], random.Next(1, 4));
                    break;
                case 1:
                    await first.ExpireLeaseAsync(); // The other one takes over, in the middle of whatever it was.
                    break;
                case 2:
                    await world.SendAsync(amount, bad[random.Next(bad.Length)]);
                    break;
                default:
                    await world.SendAsync(amount, good[random.Next(good.Length)], lateBlocks: random.Next(3));
                    (sent, expected) = (sent + 1, expected + amount);
                    break;
            }

            await world.NextBlockAsync(random.Next(3));
            await Record.ExceptionAsync(leader.RoundAsync);
            await Record.ExceptionAsync(leader.ReconcileAsync);
        }

        await world.HealAsync();
        await first.ExpireLeaseAsync();
        await RunAsync(world, second);

        Assert.Equal(sent, await second.EnqueuedAsync<DepositConfirmed>());
        Assert.Equal(
            (long)(expected * 1_000_000),
            await second.ScalarAsync<long>("SELECT sum(amount_micros)::bigint FROM deposits.deposit WHERE confirmed_at IS NOT NULL"));
        Assert.Equal(0, await DifferencesAsync(second));
    }

    private static void Scan(Dictionary<string, string?> settings, bool scans) =>
        settings["Deposits:Worlds:Test:ScanMasterAboveMerchants"] = scans ? "0" : "300";

    /// <summary>Blocks, rounds and comparisons, more than any scenario needs.</summary>
    private static async Task RunAsync(SandboxWorld world, DepositsHost deposits)
    {
        for (var round = 0; round < Rounds; round++)
        {
            await world.NextBlockAsync();
            await LeadAsync(deposits.RoundAsync);
            await deposits.ReconcileAsync();
        }
    }

    /// <summary>A process that finds out that another one had taken over tries to take over itself.</summary>
    private static async Task LeadAsync(Func<Task<bool>> round)
    {
        try
        {
            await round();
        }
        catch (LeadershipLostException)
        {
            await round();
        }
    }

    private static Task<long> DifferencesAsync(DepositsHost deposits) =>
        deposits.ScalarAsync<long>("SELECT count(*) FROM deposits.wallet_difference");
}
