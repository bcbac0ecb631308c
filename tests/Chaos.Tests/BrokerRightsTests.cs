using RabbitMQ.Client;
using static ArdorQr.Chaos.Tests.BrokerWithAccounts;

namespace ArdorQr.Chaos.Tests;

/// <summary>
/// The accounts of deploy/rabbitmq/definitions.json at a real broker: whatever one tries that isn't its own is refused. That
/// all of them can do their work is seen by every run of a house, which has just these.
/// </summary>
[Collection(OneHouse.Name)]
public sealed class BrokerRightsTests(BrokerWithAccounts broker) : IClassFixture<BrokerWithAccounts>
{
    private const string Gateway = "gateway";

    /// <summary>What would credit money that nobody sent.</summary>
    private static readonly string[] Targets = ["ardorqr.deposits.deposit-confirmed.v1", "ledger.deposit-confirmed"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Only_its_own_service_publishes_an_event()
    {
        Assert.True(Events.Count >= 17 && broker.Queues.Count >= 16 && broker.Accounts.Count == 12, "Some were not found.");
        await EachAsync(broker.Accounts, Events, (account, name) => account == PublisherOf(name), PublishAsync);
    }

    /// <summary>The Gateway sends dead letters to their consumers again, when an operator says so; nobody else can.</summary>
    [Fact]
    public async Task Nobody_puts_a_message_into_anothers_queue_but_the_gateway_what_an_operator_replays()
    {
        await EachAsync(
            broker.Accounts, broker.Queues, (account, queue) => account == Gateway || IsOf(account, queue), PublishAsync);
        // By the broker's own exchange, which leads to every queue, not even into one's own.
        await EachAsync(
            broker.Accounts, broker.Queues, (_, _) => false,
            (channel, queue) => channel.BasicPublishAsync("", queue, Body(), Cancellation).AsTask());
    }

    [Fact]
    public async Task Nobody_reads_anothers_queue_but_the_gateway_dead_letters()
    {
        await EachAsync(broker.Accounts, broker.Queues, IsOf, GetAsync);
        await EachAsync(
            broker.AtRunTime, broker.Queues.Select(queue => $"{queue}_error"),
            (account, queue) => account == Gateway || IsOf(account, queue), GetAsync);
    }

    /// <summary>Who deletes an exchange takes everybody's bindings along: events would be lost without a word.</summary>
    [Fact]
    public async Task At_run_time_nobody_makes_or_deletes_what_is_anothers()
    {
        await EachAsync(
            broker.AtRunTime, Events, (account, name) => account == PublisherOf(name),
            (channel, name) => DeclareExchangeAsync(channel, name, []));
        await EachAsync(
            broker.AtRunTime, [.. Events, .. broker.Queues, "amq.topic"], (_, _) => false,
            (channel, name) => channel.ExchangeDeleteAsync(name, cancellationToken: Cancellation),
            isTried: (account, name) => !IsOf(account, name) && account != PublisherOf(name));
        await EachAsync(
            broker.Accounts, broker.Queues, (_, _) => false,
            (channel, queue) => channel.QueueDeleteAsync(queue, cancellationToken: Cancellation),
            isTried: (account, queue) => !IsOf(account, queue));
        await EachAsync(broker.Accounts, ["own"], (_, _) => false, (channel, name) => DeclareAsync(channel, name, []));
    }

    [Fact]
    public async Task Nobody_leads_messages_by_a_binding_to_where_it_may_not_publish()
    {
        foreach (var source in new[] { "ardorqr.payments.payment-completed.v1", "webhooks.payment-failed", "amq.topic" })
        {
            await EachAsync(
                broker.Accounts, [.. Events, .. broker.Queues], (_, _) => false,
                (channel, target) => channel.ExchangeBindAsync(target, source, "", cancellationToken: Cancellation),
                isTried: (account, target) => !IsOf(account, target) && account != PublisherOf(target));
        }
    }

    /// <summary>What dies in a queue of its own, or finds none at an exchange of its own, is led on by the broker.</summary>
    [Fact]
    public async Task Nobody_leads_dead_or_unroutable_messages_to_where_it_may_not_publish()
    {
        const string service = "webhooks", own = "webhooks.payment-failed_skipped";
        await EachAsync(
            [service], [.. Targets, ""], (_, _) => false,
            (channel, target) => DeclareAsync(channel, own, new()
            {
                ["x-dead-letter-exchange"] = target, ["x-dead-letter-routing-key"] = "ledger.deposit-confirmed",
            }));
        await EachAsync(
            [service], Targets, (_, _) => false,
            (channel, target) => DeclareExchangeAsync(channel, own, new() { ["alternate-exchange"] = target }));

        Assert.True(await broker.TakesAsync(service, channel => DeclareAsync(channel, own, [])));
        Assert.True(await broker.TakesAsync(service, channel => DeclareExchangeAsync(channel, own, [])));
    }

    /// <summary>Each account tries it with each name; the broker takes what it may and refuses the rest.</summary>
    private async Task EachAsync(
        IEnumerable<string> accounts, IEnumerable<string> names, Func<string, string, bool> isAllowed,
        Func<IChannel, string, Task> tryAsync, Func<string, string, bool>? isTried = null)
    {
        var wrong = new List<string>();
        var refused = 0;
        foreach (var (account, name) in accounts.SelectMany(account => names.Select(name => (account, name))))
        {
            if (isTried?.Invoke(account, name) ?? true)
            {
                var takes = await broker.TakesAsync(account, channel => tryAsync(channel, name));
                refused += takes ? 0 : 1;
                if (takes != isAllowed(account, name))
                {
                    wrong.Add($"{account} {(takes ? "may" : "may not")}: {name}");
                }
            }
        }

        Assert.Empty(wrong);
        Assert.NotEqual(0, refused);
    }

    private static Task PublishAsync(IChannel channel, string exchange) =>
        channel.BasicPublishAsync(exchange, "", Body(), Cancellation).AsTask();

    private static Task GetAsync(IChannel channel, string queue) => channel.BasicGetAsync(queue, autoAck: true, Cancellation);

    private static Task<QueueDeclareOk> DeclareAsync(IChannel channel, string queue, Dictionary<string, object?> arguments) =>
        channel.QueueDeclareAsync(
            queue, durable: true, exclusive: false, autoDelete: false, arguments, cancellationToken: Cancellation);

    private static Task DeclareExchangeAsync(IChannel channel, string exchange, Dictionary<string, object?> arguments) =>
        channel.ExchangeDeclareAsync(
            exchange, ExchangeType.Fanout, durable: true, arguments: arguments, cancellationToken: Cancellation);

    private static ReadOnlyMemory<byte> Body() => "{}"u8.ToArray();
}
