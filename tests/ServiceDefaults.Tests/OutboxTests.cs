using System.Collections.Concurrent;
using ArdorQr.Contracts.Events;
using ArdorQr.ServiceDefaults.Database;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;

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

    private static Task<TestService> StartCountingAsync(Counter counter) => TestService.StartAsync(
        Token, consumers: consumers => consumers.Add<Count>("test.count"), services: services => services.AddSingleton(counter));

    private static MerchantSuspended Suspended() => new()
    {
        EventId = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()),
        CreatedAt = TimeProvider.System.GetUtcNow(),
        MerchantId = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()),
    };

    private static async Task<int> RowsAsync(TestService service)
    {
        await using var connection = await service.Database.OpenAsync(Token);
        return await connection.QuerySingleAsync<int>("SELECT count(*)::int FROM messaging.outbox", null, Token);
    }

    private static Task EventuallyAsync(Func<Task<bool>> condition) => Testing.Eventually.TrueAsync(condition, Token);

    /// <summary>How often each message id arrived: the harness itself lists an id only once.</summary>
    private sealed class Counter
    {
        private readonly ConcurrentDictionary<Guid, int> _counts = [];

        public void Add(Guid id) => _counts.AddOrUpdate(id, 1, (_, count) => count + 1);

        public int Of(Guid id) => _counts.GetValueOrDefault(id);
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
