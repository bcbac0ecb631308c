using ArdorQr.Contracts;
using ArdorQr.Testing;
using ArdorQr.Webhooks.Database;
using ArdorQr.Webhooks.Features;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ArdorQr.Webhooks.Tests;

/// <summary>
/// An event is stored under the lease of the process that received it, where there is room, and sent from memory. The
/// clock stands still: nothing here is found by polling.
/// </summary>
public sealed class ClaimedAtIntakeTests
{
    private const string LeasedSql = "SELECT count(*) FROM webhooks.delivery WHERE leased_until > clock_timestamp()";

    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_delivery_is_leased_from_its_commit_on_and_sent_and_recorded_under_that_lease()
    {
        await using var host = await StartAsync();
        await host.ConfigureAsync(Token);
        var answer = new TaskCompletionSource();
        host.Receiver.Answering = context => answer.Task.WaitAsync(context.RequestAborted);

        await host.OweAsync(Token);

        Assert.Equal(1, await host.ScalarAsync<long>(LeasedSql, null, Token));
        await host.Receiver.NextAsync(Token);
        answer.SetResult();
        await UntilDeliveredAsync(host, 1);
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT epoch FROM webhooks.delivery", null, Token));
    }

    [Fact]
    public async Task A_process_that_dies_with_it_leaves_it_to_another_which_alone_may_record_then()
    {
        await using var dying = await StartAsync();
        await using var other = await WebhooksHost.StartAsync(Token, replicaOn: dying.Database);
        await dying.ConfigureAsync(Token);
        var answer = new TaskCompletionSource();
        dying.Receiver.Answering = context => answer.Task.WaitAsync(context.RequestAborted);
        await dying.OweAsync(Token);
        await dying.Receiver.NextAsync(Token);

        Assert.Empty(await other.ClaimAsync(Token));
        await other.ExecuteAsync(
            "UPDATE webhooks.delivery SET leased_until = clock_timestamp() - interval '1 second'", null, Token);
        var taken = Assert.Single(await other.ClaimAsync(Token));
        answer.SetResult();
        await other.AttemptAsync(taken, Token);

        Assert.Equal(2, taken.Epoch);
        Assert.Equal(2, dying.Receiver.Count);
        await UntilDeliveredAsync(other, 1);
        Assert.Equal(1, await other.ScalarAsync<long>("SELECT count(*) FROM webhooks.attempt", null, Token));
    }

    [Fact]
    public async Task An_endpoints_share_holds_for_all_processes_together()
    {
        const int share = 8;
        await using var first = await StartAsync();
        await using var second = await StartAsync(replicaOn: first.Database);
        first.Receiver.Hang();
        await first.ConfigureAsync(Token);

        for (var count = 0; count < share; count++)
        {
            await (count % 2 == 0 ? first : second).OweAsync(Token, first.MerchantId);
        }

        await first.OweAsync(Token);
        await second.OweAsync(Token, first.MerchantId);

        Assert.Equal(share, await first.ScalarAsync<long>(LeasedSql, null, Token));
    }

    [Fact]
    public async Task What_an_endpoints_share_held_back_follows_when_an_attempt_ends()
    {
        const int events = 6;
        await using var host = await StartAsync(new() { ["Webhooks:MaxInFlightPerEndpoint"] = "1" });
        await host.ConfigureAsync(Token);
        var answer = new TaskCompletionSource();
        host.Receiver.Answering = context => answer.Task.WaitAsync(context.RequestAborted);
        for (var count = 0; count < events; count++)
        {
            await host.OweAsync(Token);
        }

        Assert.Equal(1, await host.ScalarAsync<long>(LeasedSql, null, Token));
        answer.SetResult();

        await UntilDeliveredAsync(host, events);
    }

    [Fact]
    public async Task What_a_full_process_held_back_follows_when_an_attempt_ends()
    {
        const int merchants = 5;
        await using var host = await StartAsync(new() { ["Webhooks:MaxInFlight"] = "2" });
        var answer = new TaskCompletionSource();
        host.Receiver.Answering = context => answer.Task.WaitAsync(context.RequestAborted);
        for (var count = 0; count < merchants; count++)
        {
            var merchant = WebhooksHost.NewId();
            await host.ConfigureAsync(Token, merchantId: merchant);
            await host.OweAsync(Token, merchant);
        }

        answer.SetResult();

        await UntilDeliveredAsync(host, merchants);
    }

    [Fact]
    public async Task What_waited_in_memory_goes_where_the_endpoint_is_by_then()
    {
        await using var host = await StartAsync(new() { ["Webhooks:MaxInFlight"] = "1" });
        await using var moved = await Receiver.StartAsync(Token);
        await host.ConfigureAsync(Token);
        var answer = new TaskCompletionSource();
        host.Receiver.Answering = context => answer.Task.WaitAsync(context.RequestAborted);
        await host.OweAsync(Token);
        await host.Receiver.NextAsync(Token);
        await host.OweAsync(Token);
        await Eventually.TrueAsync(async () => await host.ScalarAsync<long>(LeasedSql, null, Token) == 2, Token);

        await host.ConfigureAsync(Token, moved.Url);
        _time.Advance(TimeSpan.FromSeconds(2));
        answer.SetResult();

        await moved.NextAsync(Token);
        await UntilDeliveredAsync(host, 2);
        Assert.Equal((1, 1), (host.Receiver.Count, moved.Count));
    }

    [Fact]
    public void A_reservation_that_came_to_nothing_is_somebody_elses()
    {
        using var work = new ClaimedWork(Options.Create(
            new WebhooksOptions { MaxInFlight = 8, MaxInFlightPerEndpoint = 2 }));
        var merchant = WebhooksHost.NewId();
        Assert.Null(work.TryReserve(merchant, Mode.Test)); // Nobody sends yet.
        work.Open();

        Assert.Equal(2, work.TryReserve(merchant, Mode.Test));
        Assert.Equal(2, work.TryReserve(merchant, Mode.Test));
        Assert.Null(work.TryReserve(merchant, Mode.Test));
        Assert.NotNull(work.TryReserve(merchant, Mode.Live));
        work.Forgo(merchant, Mode.Test);
        Assert.NotNull(work.TryReserve(merchant, Mode.Test));
        work.Close();
        work.Forgo(merchant, Mode.Test);
        Assert.Null(work.TryReserve(merchant, Mode.Test));
    }

    [Fact]
    public void An_end_is_a_reason_to_look_only_where_something_was_held_back()
    {
        using var work = new ClaimedWork(Options.Create(
            new WebhooksOptions { MaxInFlight = 100, MaxInFlightPerEndpoint = 2 }));
        work.Open();
        ClaimedDelivery Claim(bool more) => new() { MerchantId = WebhooksHost.NewId(), IsOneOfMore = more };
        var (alone, crowded, late) = (Claim(false), Claim(true), Claim(false));
        work.Add(work.BeginLook(inFlight: 0)!.Value.Look, [alone, crowded, late], 0);

        Assert.False(work.IsHeldBack(late.MerchantId, late.Mode, 2)); // It has a place left.
        Assert.True(work.IsHeldBack(late.MerchantId, late.Mode, 1));

        Assert.False(work.End(alone));
        Assert.True(work.End(crowded));
        Assert.True(work.End(late));
    }

    private Task<WebhooksHost> StartAsync(
        Dictionary<string, string?>? settings = null, TestDatabase? replicaOn = null) =>
        WebhooksHost.StartAsync(
            Token, dispatching: true, services: services => DispatcherTests.WithTime(services, _time),
            settings: settings, replicaOn: replicaOn);

    private static Task UntilDeliveredAsync(WebhooksHost host, int count) => Eventually.TrueAsync(
        async () => await host.ScalarAsync<long>(
            "SELECT count(*) FROM webhooks.delivery WHERE status = 'delivered'", null, Token) == count, Token);
}
