using ArdorQr.Contracts;
using ArdorQr.Contracts.Events;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Messaging;
using ArdorQr.Testing;
using MassTransit;
using static ArdorQr.ServiceDefaults.Tests.OutboxProbe;

namespace ArdorQr.ServiceDefaults.Tests;

/// <summary>Rows that can't be sent, senders that died, and a service that stops.</summary>
public sealed class OutboxFaultTests
{
    /// <summary>A newer release runs beside this one, or did before it was taken back.</summary>
    private const string UnknownType = "ardorqr.of-a-newer-release.v1";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_row_that_a_dead_process_left_behind_is_sent_by_the_relay()
    {
        await using var service = await TestService.StartAsync(Token);
        var message = Suspended();

        // A transaction of another process: its row is there, its memory is gone.
        await using (var transaction = await service.TestDatabase.Database.BeginAsync(Token))
        {
            transaction.Enqueue(message);
            await transaction.CommitAsync(Token);
        }

        Assert.True(await service.Harness.Published.Any<MerchantSuspended>(sent => sent.Context.MessageId == message.EventId, Token));
        await EventuallyAsync(async () => await RowsAsync(service) == 0);
    }

    [Fact]
    public async Task A_row_that_cannot_be_sent_holds_up_no_other()
    {
        var counter = new Counter();
        await using var service = await StartCountingAsync(counter);
        var message = Suspended();
        var row = OutboxMessage.Of(message);
        await InsertAsync(service, Suspended().EventId, UnknownType, "{}");
        await InsertAsync(service, Suspended().EventId, row.MessageType, "no JSON");
        await InsertAsync(service, message.EventId, row.MessageType, row.Body);

        await EventuallyAsync(async () => counter.Of(message.EventId) > 0 && await RowsAsync(service) == 2);
        Assert.Equal(1, counter.Of(message.EventId));
    }

    [Fact]
    public async Task Many_rows_that_cannot_be_sent_hold_up_no_other()
    {
        var counter = new Counter();
        await using var service = await StartCountingAsync(counter);
        var message = Suspended();
        await using (var connection = await service.Database.OpenAsync(Token))
        {
            await connection.ExecuteAsync(
                """
                INSERT INTO messaging.outbox (event_id, message_type, body, leased_until)
                SELECT gen_random_uuid(), @type, '{}', clock_timestamp() - interval '1 minute' FROM generate_series(1, 6000)
                """, new { type = UnknownType }, Token);
        }

        var row = OutboxMessage.Of(message);
        await InsertAsync(service, message.EventId, row.MessageType, row.Body);
        await EventuallyAsync(() => Task.FromResult(counter.Of(message.EventId) == 1));
    }

    [Fact]
    public async Task A_row_waits_as_long_as_its_own_attempts_ask_for_and_not_another_rows()
    {
        await using var service = await TestService.StartAsync(Token);
        var type = OutboxMessage.Of(Suspended()).MessageType;
        await InsertAsync(service, Suspended().EventId, type, "no JSON", attempts: 20);
        await InsertAsync(service, Suspended().EventId, type, "no JSON");
        await using var connection = await service.Database.OpenAsync(Token);

        await EventuallyAsync(() => connection.QuerySingleAsync<bool>(
            """
            SELECT coalesce(
                max(leased_until) > clock_timestamp() + interval '20 seconds'
                AND min(leased_until) < clock_timestamp() + interval '5 seconds', false)
            FROM messaging.outbox WHERE attempts IN (1, 21) AND leased_until > clock_timestamp()
            """, null, Token));
    }

    [Fact]
    public async Task What_a_dead_relay_had_taken_is_free_within_five_seconds()
    {
        await using var database = await TestDatabase.CreateAsync(typeof(ServiceDatabase).Assembly, Token);
        await using (var transaction = await database.Database.BeginAsync(Token))
        {
            transaction.Enqueue(Suspended());
            await transaction.CommitAsync(Token);
        }

        await using var connection = await database.Database.OpenAsync(Token);
        const string secondsLeft = "SELECT extract(epoch FROM max(leased_until) - clock_timestamp())::float8 FROM messaging.outbox";
        Assert.InRange(await connection.QuerySingleAsync<double>(secondsLeft, null, Token), 1, 4.5); // And half a second to look.
        await connection.ExecuteAsync("UPDATE messaging.outbox SET leased_until = clock_timestamp()", null, Token);

        Assert.Single(await Outbox.LeaseAsync(connection, 10, Token));
        Assert.InRange(await connection.QuerySingleAsync<double>(secondsLeft, null, Token), 1, 4.5);
    }

    [Fact]
    public async Task A_stopping_service_leaves_no_row_that_it_has_sent_and_frees_the_others_at_once()
    {
        const int count = 1_500;
        await using var service = await TestService.StartAsync(Token);
        var sent = new Sent();
        using var observing = service.Harness.Bus.ConnectPublishObserver(sent);
        var messages = Enumerable.Range(0, count).Select(_ => Suspended()).ToList();
        await using (var transaction = await service.Database.BeginAsync(Token))
        {
            messages.ForEach(transaction.Enqueue);
            await transaction.CommitAsync(Token);
        }

        await service.StopAsync(Token);
        await using var connection = await service.TestDatabase.Database.OpenAsync(Token);
        var left = (await connection.QueryAsync<Guid>("SELECT event_id FROM messaging.outbox", null, Token)).ToHashSet();
        Assert.All(messages, message => Assert.Equal(left.Contains(message.EventId) ? 0 : 1, sent.Times.Of(message.EventId)));
        Assert.Equal(left.Count, await connection.QuerySingleAsync<int>(
            "SELECT count(*)::int FROM messaging.outbox WHERE leased_until <= clock_timestamp()", null, Token));
    }

    [Fact]
    public void An_event_that_is_too_long_is_refused_while_its_change_can_still_fail()
    {
        var text = new string('x', OutboxMessage.MaxBodyLength);
        Assert.Throws<InvalidOperationException>(() => OutboxMessage.Of(new WebhookEndpointDisabled
        {
            EventId = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()),
            CreatedAt = TimeProvider.System.GetUtcNow(),
            MerchantId = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()),
            Mode = Mode.Test,
            Reason = text,
        }));
    }

    private static async Task InsertAsync(TestService service, Guid eventId, string type, string body, int attempts = 0)
    {
        await using var connection = await service.Database.OpenAsync(Token);
        await connection.ExecuteAsync(
            """
            INSERT INTO messaging.outbox (event_id, message_type, body, attempts, leased_until)
            VALUES (@eventId, @type, @body, @attempts, clock_timestamp())
            """, new { eventId, type, body, attempts }, Token);
    }

    /// <summary>How often each message was given to the broker, and taken.</summary>
    private sealed class Sent : IPublishObserver
    {
        public Counter Times { get; } = new();

        public Task PrePublish<T>(PublishContext<T> context)
            where T : class => Task.CompletedTask;

        public Task PostPublish<T>(PublishContext<T> context)
            where T : class
        {
            Times.Add(context.MessageId!.Value);
            return Task.CompletedTask;
        }

        public Task PublishFault<T>(PublishContext<T> context, Exception exception)
            where T : class => Task.CompletedTask;
    }
}
