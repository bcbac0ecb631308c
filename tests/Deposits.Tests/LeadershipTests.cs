using ArdorQr.Contracts;
using ArdorQr.Contracts.Events;
using ArdorQr.Deposits.Database;
using ArdorQr.Ton;

namespace ArdorQr.Deposits.Tests;

public sealed class LeadershipTests
{
    private static readonly Guid First = Guid.Parse("01900000-0000-7000-8000-000000000001");
    private static readonly Guid Second = Guid.Parse("01900000-0000-7000-8000-000000000002");

    [Fact]
    public async Task Of_two_watchers_one_leads_and_the_other_waits()
    {
        await using var one = await DepositsHost.StartWithMerchantAsync();
        await using var two = one.StartReplica();
        one.Outside.AddSampleRow();
        await one.RoundAsync();
        var asked = one.Outside.Requests.Count;

        Assert.True(await two.RoundAsync());

        Assert.DoesNotContain(one.Outside.Requests.Skip(asked), request => request.PathAndQuery.Contains("jetton/transfers", StringComparison.Ordinal));
        Assert.Equal(1, await one.EnqueuedAsync<DepositDetected>());
    }

    [Fact]
    public async Task A_lease_that_ran_out_is_taken_and_the_old_holder_can_write_nothing_more()
    {
        await using var deposits = await DepositsHost.StartAsync();
        var database = deposits.Database.Database;
        var old = (await Leadership.TryTakeAsync(database, Mode.Test, First, DepositsHost.Token))!;
        Assert.Null(await Leadership.TryTakeAsync(database, Mode.Test, Second, DepositsHost.Token));
        await deposits.ExecuteAsync("UPDATE deposits.watcher SET leased_until = clock_timestamp() - interval '1 second'");

        var next = await Leadership.TryTakeAsync(database, Mode.Test, Second, DepositsHost.Token);

        Assert.Equal(old.Epoch + 1, next!.Epoch);
        await Assert.ThrowsAsync<LeadershipLostException>(() => old.RenewAsync(database, DepositsHost.Token));
        await Assert.ThrowsAsync<LeadershipLostException>(() => old.BeginAsync(database, DepositsHost.Token));
    }

    [Fact]
    public async Task A_holder_that_returns_under_its_own_name_in_a_later_term_is_not_the_old_one()
    {
        await using var deposits = await DepositsHost.StartAsync();
        var database = deposits.Database.Database;
        var old = (await Leadership.TryTakeAsync(database, Mode.Test, First, DepositsHost.Token))!;
        await old.ReleaseAsync(database, DepositsHost.Token);
        Assert.NotNull(await Leadership.TryTakeAsync(database, Mode.Test, First, DepositsHost.Token));

        await Assert.ThrowsAsync<LeadershipLostException>(() => old.BeginAsync(database, DepositsHost.Token));
    }

    [Fact]
    public async Task Nobody_takes_over_in_the_middle_of_a_write()
    {
        await using var deposits = await DepositsHost.StartAsync();
        var database = deposits.Database.Database;
        var leader = (await Leadership.TryTakeAsync(database, Mode.Test, First, DepositsHost.Token))!;
        Task<Leadership?> takeover;
        await using (var transaction = await leader.BeginAsync(database, DepositsHost.Token))
        {
            takeover = Leadership.TryTakeAsync(database, Mode.Test, Second, DepositsHost.Token);
            await leader.AdvanceAsync(transaction, 7, DepositsHost.Token);
            await transaction.CommitAsync(DepositsHost.Token);
        }

        Assert.Null(await takeover);
        Assert.Equal(7, await deposits.CursorAsync());
    }

    [Fact]
    public async Task A_chain_of_another_network_is_not_watched()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        deposits.Outside.GlobalId = -239;
        deposits.Outside.AddSampleRow();

        Assert.False(await deposits.RoundAsync());

        Assert.Empty(await deposits.DepositsAsync());
    }

    [Fact]
    public async Task A_master_that_derives_wallets_otherwise_is_not_watched()
    {
        await using var deposits = await DepositsHost.StartWithMerchantAsync();
        deposits.Outside.WalletAnswer = BagOfCells.ToBase64(new CellBuilder().StoreAddress(TonAddress.Parse(Samples.Owner)).Build());

        Assert.False(await deposits.RoundAsync());
    }

    [Fact]
    public async Task When_the_leader_ends_the_other_one_leads_at_once_and_when_it_is_lost_within_the_lease()
    {
        await using var heir = await DepositsHost.StartWithMerchantAsync(watches: true);
        await heir.ExecuteAsync("UPDATE deposits.watcher SET holder = gen_random_uuid(), epoch = epoch + 1, leased_until = clock_timestamp() + interval '2 seconds'");
        heir.Outside.AddSampleRow();
        heir.Outside.AddSampleTransactions();

        var began = TimeProvider.System.GetTimestamp();
        await heir.PublishedAsync<DepositDetected>(1); // The lost one's lease has run out by itself.
        Assert.InRange(TimeProvider.System.GetElapsedTime(began).TotalSeconds, 0.5, 2 + Leadership.LeaseSeconds);

        await using var next = heir.StartReplica();
        await heir.Factory.DisposeAsync(); // It gives up its lease.
        next.Outside.NextBlock();
        await next.PublishedAsync<DepositConfirmed>(1);
        Assert.Equal(1, await next.EnqueuedAsync<DepositConfirmed>());
    }
}
