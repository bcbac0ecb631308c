using ArdorQr.Webhooks.Database;
using Microsoft.Extensions.Time.Testing;

namespace ArdorQr.Webhooks.Tests;

/// <summary>What one endpoint does to the others: nothing.</summary>
public sealed class IsolationTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_dead_and_one_slow_endpoint_delay_none_of_fifty_good_ones()
    {
        const int share = 8, backlog = 20, good = 50, eventsEach = 2;
        await using var host = await WebhooksHost.StartAsync(
            Token, dispatching: true, settings: new Dictionary<string, string?> { ["Webhooks:MaxInFlight"] = "32" });
        await using var dead = await Receiver.StartAsync(Token);
        await using var slow = await Receiver.StartAsync(Token);
        dead.Hang();
        var release = new TaskCompletionSource();
        slow.Answering = context => release.Task.WaitAsync(context.RequestAborted);
        foreach (var receiver in new[] { dead, slow })
        {
            var merchant = WebhooksHost.NewId();
            await host.ConfigureAsync(Token, receiver.Url, merchantId: merchant);
            await OweAsync(host, merchant, backlog);
            await TakeAsync(receiver, share);
        }

        var events = new HashSet<string>();
        for (var count = 0; count < good; count++)
        {
            var merchant = WebhooksHost.NewId();
            await host.ConfigureAsync(Token, merchantId: merchant);
            events.UnionWith(await OweAsync(host, merchant, eventsEach));
        }

        var received = await TakeAsync(host.Receiver, good * eventsEach);

        Assert.Equal(events, received);
        Assert.Equal((share, share), (dead.Count, slow.Count)); // Theirs were in flight all the time.
        release.SetResult();
        await TakeAsync(slow, backlog - share);
    }

    [Fact]
    public async Task An_endpoint_that_does_not_answer_rests_is_tried_by_one_attempt_and_goes_on_when_it_answers()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        var closed = await Receiver.StartAsync(Token);
        await closed.DisposeAsync();
        await host.ConfigureAsync(Token, closed.Url);
        await OweAsync(host, host.MerchantId, 12);

        Assert.Equal(12, await host.DeliverDueAsync(Token));
        await host.MakeDueAsync(Token);
        Assert.Empty(await host.ClaimAsync(Token));
        Assert.InRange(await RestAsync(host), 1, 5);
        await EndRestAsync(host);
        Assert.Equal(1, await host.DeliverDueAsync(Token));
        Assert.InRange(await RestAsync(host), 6, 10);

        await EndRestAsync(host);
        await host.ExecuteAsync("UPDATE webhooks.endpoint SET url = @Url", new { host.Receiver.Url }, Token);
        await host.MakeDueAsync(Token);
        Assert.Equal(1, await host.DeliverDueAsync(Token));
        Assert.Equal(11, await host.DeliverDueAsync(Token));
    }

    [Fact]
    public async Task An_endpoint_that_answers_with_errors_does_not_rest()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        host.Receiver.AnswerWith(503);
        await OweAsync(host, host.MerchantId, 12);

        await host.DeliverDueAsync(Token);
        await host.MakeDueAsync(Token);

        Assert.Equal(12, (await host.ClaimAsync(Token)).Count);
    }

    [Fact]
    public async Task Setting_the_endpoint_ends_its_rest()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        await host.OweAsync(Token);
        await host.ExecuteAsync(
            "UPDATE webhooks.endpoint SET unanswered = 9, resting_until = clock_timestamp() + interval '1 hour'", null,
            Token);
        Assert.Empty(await host.ClaimAsync(Token));

        await host.ConfigureAsync(Token);

        Assert.Single(await host.ClaimAsync(Token));
    }

    [Fact]
    public async Task Failing_and_slow_endpoints_share_a_part_of_the_places_and_come_after_the_good()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        var (failing, slow) = (WebhooksHost.NewId(), WebhooksHost.NewId());
        foreach (var merchant in new[] { failing, slow, host.MerchantId })
        {
            await host.ConfigureAsync(Token, merchantId: merchant);
            await OweAsync(host, merchant, 5);
        }

        await host.ExecuteAsync(
            """
            UPDATE webhooks.endpoint
            SET failing_since = CASE WHEN merchant_id = @failing THEN clock_timestamp() END, slow = merchant_id = @slow
            WHERE merchant_id IN (@failing, @slow)
            """,
            new { failing, slow }, Token);

        await using var connection = await host.Database.Database.OpenAsync(Token);
        var few = await DeliveryClaims.TakeAsync(connection, new ClaimLimits(4, 3, 8, 2), Token);
        var more = await DeliveryClaims.TakeAsync(connection, new ClaimLimits(100, 3, 8, 2), Token);

        Assert.All(few, claim => Assert.Equal((host.MerchantId, false), (claim.MerchantId, claim.IsTroubled)));
        Assert.Equal(4, more.Count);
        Assert.Equal(3, more.Count(claim => claim.IsTroubled));
    }

    [Fact]
    public async Task A_good_answer_that_takes_long_makes_an_endpoint_slow_until_a_quick_one()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var host = await WebhooksHost.StartAsync(
            Token, services: services => DispatcherTests.WithTime(services, time));
        await host.ConfigureAsync(Token);
        var answer = new TaskCompletionSource();
        host.Receiver.Answering = context => answer.Task.WaitAsync(context.RequestAborted);
        await host.OweAsync(Token);

        var attempt = host.DeliverDueAsync(Token);
        await host.Receiver.NextAsync(Token);
        time.Advance(TimeSpan.FromSeconds(3));
        answer.SetResult();
        await attempt;
        Assert.True(await host.ScalarAsync<bool>("SELECT slow FROM webhooks.endpoint", null, Token));
        await host.OweAsync(Token);
        await host.DeliverDueAsync(Token);
        Assert.False(await host.ScalarAsync<bool>("SELECT slow FROM webhooks.endpoint", null, Token));
    }

    private static async Task<IReadOnlyList<string>> OweAsync(WebhooksHost host, Guid merchantId, int count)
    {
        var events = new List<string>();
        for (var number = 0; number < count; number++)
        {
            events.Add((await host.OweAsync(Token, merchantId)).ToString());
        }

        return events;
    }

    private static async Task<HashSet<string>> TakeAsync(Receiver receiver, int count)
    {
        var events = new HashSet<string>();
        for (var number = 0; number < count; number++)
        {
            events.Add((await receiver.NextAsync(Token)).Header("X-Ardor-Event-Id"));
        }

        return events;
    }

    private static Task<double> RestAsync(WebhooksHost host) => host.ScalarAsync<double>(
        "SELECT extract(epoch FROM resting_until - clock_timestamp())::float8 FROM webhooks.endpoint", null, Token);

    private static Task EndRestAsync(WebhooksHost host) => host.ExecuteAsync(
        "UPDATE webhooks.endpoint SET resting_until = clock_timestamp() - interval '1 millisecond'", null, Token);
}
