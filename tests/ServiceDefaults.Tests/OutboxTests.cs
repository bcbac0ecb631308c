using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Messaging;
using Npgsql;
using static ArdorQr.ServiceDefaults.Tests.OutboxProbe;

namespace ArdorQr.ServiceDefaults.Tests;

public sealed class OutboxTests
{
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
}
