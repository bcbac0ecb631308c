using System.Collections.Concurrent;
using ArdorQr.Contracts.Events;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.Testing;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;

namespace ArdorQr.ServiceDefaults.Tests;

/// <summary>What the tests of the outbox share: an event, a service that counts its arrivals, and a look at the rows.</summary>
internal static class OutboxProbe
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static Task<TestService> StartCountingAsync(Counter counter) => TestService.StartAsync(
        Token, consumers: consumers => consumers.Add<Count>("test.count"), services: services => services.AddSingleton(counter));

    public static MerchantSuspended Suspended() => new()
    {
        EventId = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()),
        CreatedAt = TimeProvider.System.GetUtcNow(),
        MerchantId = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()),
    };

    public static async Task<int> RowsAsync(TestService service)
    {
        await using var connection = await service.Database.OpenAsync(Token);
        return await connection.QuerySingleAsync<int>("SELECT count(*)::int FROM messaging.outbox", null, Token);
    }

    public static Task EventuallyAsync(Func<Task<bool>> condition) => Eventually.TrueAsync(condition, Token);

    private sealed class Count(Counter counter) : IConsumer<MerchantSuspended>
    {
        public Task Consume(ConsumeContext<MerchantSuspended> context)
        {
            counter.Add(context.MessageId!.Value);
            return Task.CompletedTask;
        }
    }
}

/// <summary>How often each message id arrived: the harness itself lists an id only once.</summary>
internal sealed class Counter
{
    private readonly ConcurrentDictionary<Guid, int> _counts = [];

    public void Add(Guid id) => _counts.AddOrUpdate(id, 1, (_, count) => count + 1);

    public int Of(Guid id) => _counts.GetValueOrDefault(id);
}
