using System.Collections.Concurrent;
using ArdorQr.Contracts;
using ArdorQr.Contracts.Events;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Messaging;
using ArdorQr.Testing;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace ArdorQr.ServiceDefaults.Tests;

public sealed class OutboxTests
{
    /// <summary>A newer release runs beside this one, or did before it was taken back.</summary>
    private const string UnknownType = "ardorqr.of-a-newer-release.v1";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_committed_event_is_published_once_and_its_row_goes()
    {
        var counter = new Counter();
        await using var service = await StartCountingAsync(counter);
        var message = Suspended();

        await using (var transaction = await service.Database.BeginAsync(Token))
        {
            transaction.Enqueue(message);
            await transaction.CommitAsync(Token);
        }

        await EventuallyAsync(async () => counter.Of(message.EventId) > 0 && await RowsAsync(service) == 0);
        Assert.Equal(1, counter.Of(message.EventId));
    }

    [Fact]
    public async Task An_event_of_a_rolled_back_change_is_never_published()
    {
        var counter = new Counter();
        await using var service = await StartCountingAsync(counter);
        var never = Suspended();
        await using (var transaction = await service.Database.BeginAsync(Token))
        {
            transaction.Enqueue(never);
        }

        var later = Suspended();
        await using (var transaction = await service.Database.BeginAsync(Token))
        {
            transaction.Enqueue(later);
            await transaction.CommitAsync(Token);
        }

        await EventuallyAsync(() => Task.FromResult(counter.Of(later.EventId) == 1));
        Assert.Equal(0, counter.Of(never.EventId));
    }

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
    public async Task The_same_event_enqueued_again_is_sent_again()
    {
        var counter = new Counter();
        await using var service = await StartCountingAsync(counter);
        var message = Suspended();
        for (var time = 0; time < 2; time++)
        {
            await using var transaction = await service.Database.BeginAsync(Token);
            transaction.Enqueue(message);
            await transaction.CommitAsync(Token);
        }

        await EventuallyAsync(() => Task.FromResult(counter.Of(message.EventId) == 2));
    }

    [Fact]
    public async Task An_unanswered_event_is_sent_again_with_the_same_id_until_its_answer_comes()
    {
        var counter = new Counter();
        await using var service = await StartCountingAsync(counter);
        var message = Suspended();
        await using (var transaction = await service.Database.BeginAsync(Token))
        {
            transaction.EnqueueUntilAnswered(message, "answer:1");
            await transaction.CommitAsync(Token);
        }

        await using var connection = await service.Database.OpenAsync(Token);
        await connection.ExecuteAsync("UPDATE messaging.resend SET due_at = clock_timestamp()", null, Token);

        await EventuallyAsync(() => Task.FromResult(counter.Of(message.EventId) == 2));
        Assert.True(await connection.QuerySingleAsync<bool>(
            "SELECT due_at > clock_timestamp() + interval '15 seconds' FROM messaging.resend", null, Token));

        await using (var transaction = await service.Database.BeginAsync(Token))
        {
            await transaction.AnsweredAsync("answer:1", Token);
            await transaction.CommitAsync(Token);
        }

        Assert.Equal(0, await connection.QuerySingleAsync<int>("SELECT count(*)::int FROM messaging.resend", null, Token));
    }

    [Fact]
    public async Task A_consumer_accepts_an_event_once_and_only_with_its_effect()
    {
        await using var service = await TestService.StartAsync(Token);
        var id = Suspended().EventId;

        await using (var rolledBack = await service.Database.BeginAsync(Token))
        {
            Assert.True(await rolledBack.TryAcceptAsync("one", id, Token));
        }

        await using (var first = await service.Database.BeginAsync(Token))
        {
            Assert.True(await first.TryAcceptAsync("one", id, Token));
            await first.CommitAsync(Token);
        }

        await using var second = await service.Database.BeginAsync(Token);
        Assert.False(await second.TryAcceptAsync("one", id, Token));
        Assert.True(await second.TryAcceptAsync("two", id, Token));
    }

    [Fact]
    public async Task An_event_enqueued_twice_in_one_transaction_is_sent_twice()
    {
        var counter = new Counter();
        await using var service = await StartCountingAsync(counter);
        var message = Suspended();
        await using (var transaction = await service.Database.BeginAsync(Token))
        {
            transaction.Enqueue(message);
            transaction.Enqueue(message);
            await transaction.CommitAsync(Token);
        }

        await EventuallyAsync(async () => counter.Of(message.EventId) == 2 && await RowsAsync(service) == 0);
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
    public async Task The_inbox_forgets_all_that_is_past_its_retention()
    {
        await using var service = await TestService.StartAsync(Token);
        await using var owner = new NpgsqlConnection(service.TestDatabase.OwnerConnectionString);
        await owner.OpenAsync(Token);
        await owner.ExecuteAsync(
            """
            INSERT INTO messaging.inbox (consumer, event_id, accepted_at)
            SELECT 'test', gen_random_uuid(), CASE number WHEN 1 THEN now() ELSE now() - interval '181 days' END
            FROM generate_series(1, 25000) AS number
            """, null, Token);

        await using var connection = await service.Database.OpenAsync(Token);
        await Inbox.CleanUpAsync(connection, Token);
        Assert.Equal(1, await connection.QuerySingleAsync<int>("SELECT count(*)::int FROM messaging.inbox", null, Token));
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

    private static Task<TestService> StartCountingAsync(Counter counter) => TestService.StartAsync(
        Token, consumers: consumers => consumers.Add<Count>("test.count"), services: services => services.AddSingleton(counter));

    private static MerchantSuspended Suspended() => new()
    {
        EventId = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()),
        CreatedAt = TimeProvider.System.GetUtcNow(),
        MerchantId = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()),
    };

    private static async Task InsertAsync(TestService service, Guid eventId, string type, string body, int attempts = 0)
    {
        await using var connection = await service.Database.OpenAsync(Token);
        await connection.ExecuteAsync(
            """
            INSERT INTO messaging.outbox (event_id, message_type, body, attempts, leased_until)
            VALUES (@eventId, @type, @body, @attempts, clock_timestamp())
            """, new { eventId, type, body, attempts }, Token);
    }

    private static async Task<int> RowsAsync(TestService service)
    {
        await using var connection = await service.Database.OpenAsync(Token);
        return await connection.QuerySingleAsync<int>("SELECT count(*)::int FROM messaging.outbox", null, Token);
    }

    private static Task EventuallyAsync(Func<Task<bool>> condition) => Eventually.TrueAsync(condition, Token);

    /// <summary>How often each message id arrived: the harness itself lists an id only once.</summary>
    private sealed class Counter
    {
        private readonly ConcurrentDictionary<Guid, int> _counts = [];

        public void Add(Guid id) => _counts.AddOrUpdate(id, 1, (_, count) => count + 1);

        public int Of(Guid id) => _counts.GetValueOrDefault(id);
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

    private sealed class Count(Counter counter) : IConsumer<MerchantSuspended>
    {
        public Task Consume(ConsumeContext<MerchantSuspended> context)
        {
            counter.Add(context.MessageId!.Value);
            return Task.CompletedTask;
        }
    }
}
