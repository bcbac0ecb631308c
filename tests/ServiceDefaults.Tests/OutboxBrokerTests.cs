using ArdorQr.Contracts;
using ArdorQr.Contracts.Events;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.Testing;
using RabbitMQ.Client;

namespace ArdorQr.ServiceDefaults.Tests;

/// <summary>The outbox at the real broker: what comes back, and what is confirmed.</summary>
public sealed class OutboxBrokerTests
{
    private const string Variable = "ARDORQR_TEST_RABBITMQ";

    /// <summary>No service that a test starts at this broker listens to it.</summary>
    private const string Exchange = "ardorqr.ledger.payment-settled.v1";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_event_that_no_queue_takes_stays_and_holds_up_no_other_until_one_does()
    {
        var broker = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(string.IsNullOrEmpty(broker), $"{Variable} names no broker; ./test starts one.");
        await using var service = await TestService.StartAsync(Token, broker: broker);
        await using var database = await service.Database.OpenAsync(Token);

        await CommitAsync(service, Settled(), Unheard());
        await Eventually.TrueAsync(() => database.QuerySingleAsync<bool>(
            "SELECT count(*) = 1 AND coalesce(bool_and(message_type = @Exchange AND attempts > 0), false) FROM messaging.outbox",
            new { Exchange }, Token), Token);

        await using var connection = await new ConnectionFactory { Uri = new Uri(broker!) }.CreateConnectionAsync(Token);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Token);
        var queue = (await channel.QueueDeclareAsync(cancellationToken: Token)).QueueName; // Goes with the connection.
        await channel.QueueBindAsync(queue, Exchange, "", cancellationToken: Token);
        await Eventually.TrueAsync(
            async () => await database.QuerySingleAsync<int>("SELECT count(*)::int FROM messaging.outbox", null, Token) == 0, Token);
        Assert.Equal(1u, await channel.MessageCountAsync(queue, Token));
    }

    private static async Task CommitAsync(TestService service, PaymentSettled settled, MerchantSuspended unheard)
    {
        await using var transaction = await service.Database.BeginAsync(Token);
        transaction.Enqueue(settled);
        transaction.Enqueue(unheard);
        await transaction.CommitAsync(Token);
    }

    private static MerchantSuspended Unheard() => new()
    {
        EventId = NewId(),
        CreatedAt = TimeProvider.System.GetUtcNow(),
        MerchantId = NewId(),
    };

    private static Guid NewId() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    private static PaymentSettled Settled() => new()
    {
        EventId = NewId(),
        CreatedAt = TimeProvider.System.GetUtcNow(),
        MerchantId = NewId(),
        Mode = Mode.Test,
        PaymentId = NewId(),
        DebitId = NewId(),
    };
}
