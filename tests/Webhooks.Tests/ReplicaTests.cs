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
            var events = await Task.WhenAll(Enumerable.Range(0, eventsEach).Select(number => replicas[number % 3].OweAsync(Token, merchant)));
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
}
