using ArdorQr.Webhooks.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ArdorQr.Webhooks.Tests;

/// <summary>Several processes dispatch from one database.</summary>
public sealed class ReplicaTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Three_replicas_send_each_event_once()
    {
        const int merchants = 10, eventsEach = 20;
        await using var first = await WebhooksHost.StartAsync(Token, dispatching: true);
        await using var second = await WebhooksHost.StartAsync(Token, dispatching: true, replicaOn: first.Database);
        await using var third = await WebhooksHost.StartAsync(Token, dispatching: true, replicaOn: first.Database);
        WebhooksHost[] replicas = [first, second, third];
        var owed = new HashSet<string>();
        for (var count = 0; count < merchants; count++)
        {
            var merchant = WebhooksHost.NewId();
            await first.ConfigureAsync(Token, merchantId: merchant);
            var events = await Task.WhenAll(
                Enumerable.Range(0, eventsEach).Select(number => replicas[number % 3].OweAsync(Token, merchant)));
            owed.UnionWith(events.Select(id => id.ToString()));
        }

        var received = new List<string>();
        while (received.Count < owed.Count)
        {
            received.Add((await first.Receiver.NextAsync(Token)).Header("X-Ardor-Event-Id"));
        }

        Assert.Equal(owed, [.. received]);
        Assert.Equal(owed.Count, first.Receiver.Count);
    }

    [Fact]
    public async Task A_process_that_stops_finishes_what_is_in_flight_and_gives_back_the_rest()
    {
        const int places = 2, events = 10;
        await using var host = await WebhooksHost.StartAsync(
            Token, dispatching: true,
            settings: new Dictionary<string, string?> { ["Webhooks:MaxInFlight"] = $"{places}" });
        await host.ConfigureAsync(Token);
        var release = new TaskCompletionSource();
        host.Receiver.Answering = context => release.Task.WaitAsync(context.RequestAborted);
        for (var count = 0; count < events; count++)
        {
            await host.OweAsync(Token);
        }

        for (var count = 0; count < places; count++)
        {
            await host.Receiver.NextAsync(Token);
        }

        var stopping = host.Services.GetServices<IHostedService>().OfType<DispatchDeliveries>().Single()
            .StopAsync(Token);
        release.SetResult();
        await stopping;

        const string sql = "SELECT count(*) FROM webhooks.delivery WHERE status = 'pending' AND leased_until IS NULL";
        Assert.Equal(events - host.Receiver.Count, await host.ScalarAsync<long>(sql, null, Token));
        Assert.Equal(host.Receiver.Count, (await host.DeliveriesAsync(Token, "?status=delivered")).Count);
        Assert.InRange(host.Receiver.Count, places, events - 1);
    }
}
