using System.Net;
using System.Text;
using System.Text.Json;
using RabbitMQ.Client;

namespace ArdorQr.Gateway.Tests;

/// <summary>Dead letters on the real broker: seen, kept, and sent again to where they came from.</summary>
public sealed class DeadLetterTests(GatewayFixture fixture)
{
    private const string Variable = "ARDORQR_TEST_RABBITMQ";
    private const string Queue = "gateway.checkpoint-signed";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_dead_letter_is_listed_however_often_and_replayed_to_its_queue_once()
    {
        var broker = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(string.IsNullOrEmpty(broker), $"{Variable} names no broker; ./test starts one.");
        await using var connection = await new ConnectionFactory { Uri = new Uri(broker!) }.CreateConnectionAsync(Cancellation);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation);
        var quorum = new Dictionary<string, object?> { ["x-queue-type"] = "quorum" };
        foreach (var queue in new[] { Queue, $"{Queue}_error" })
        {
            await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, quorum, cancellationToken: Cancellation);
            await channel.QueuePurgeAsync(queue, Cancellation);
        }

        await channel.ExchangeDeclareAsync(Queue, ExchangeType.Fanout, durable: true, cancellationToken: Cancellation);
        await channel.QueueBindAsync(Queue, Queue, "", cancellationToken: Cancellation);
        var body = """{"messageId":"01900000-0000-7000-8000-00000000000a","messageType":["urn:message:ardorqr:test"],"message":{"number":7}}"""u8.ToArray();
        await channel.BasicPublishAsync("", $"{Queue}_error", mandatory: true, new BasicProperties
        {
            MessageId = "01900000-0000-7000-8000-00000000000a",
            ContentType = "application/vnd.masstransit+json",
            Headers = new Dictionary<string, object?>
            {
                ["MT-Fault-ExceptionType"] = "System.InvalidOperationException",
                ["MT-Fault-Message"] = "It can't be.",
                ["MT-Fault-Timestamp"] = "2026-01-02T03:04:05.0000000Z",
                ["MT-Activity-Id"] = "00-1-2-01",
            },
        }, body, Cancellation);

        await using var gateway = TestGateway.Start(
            fixture.Database, new Dictionary<string, string?>(fixture.Settings) { ["ConnectionStrings:broker"] = broker });
        var letter = await OnlyAsync(gateway);
        Assert.Equal(Queue, letter.GetProperty("queue").GetString());
        Assert.Equal("urn:message:ardorqr:test", letter.GetProperty("messageType").GetString());
        Assert.Equal("System.InvalidOperationException: It can't be.", letter.GetProperty("reason").GetString());
        Assert.Equal("2026-01-02T03:04:05Z", letter.GetProperty("failedAt").GetString());
        Assert.Equal(7, letter.GetProperty("message").GetProperty("number").GetInt32());
        Assert.Equal(letter.GetProperty("id").GetString(), (await OnlyAsync(gateway)).GetProperty("id").GetString());

        for (var count = 0; count < 2; count++)
        {
            using var replayed = await gateway.Operator.PostAsync($"/operator/dead-letters/{letter.GetProperty("id").GetString()}/replay", null, Cancellation);
            Assert.Equal(HttpStatusCode.OK, replayed.StatusCode);
            Assert.Equal("root", (await replayed.JsonAsync(Cancellation)).GetProperty("replayedBy").GetString());
        }

        var back = await channel.BasicGetAsync(Queue, autoAck: true, Cancellation);
        Assert.NotNull(back);
        Assert.Equal(body, back.Body.ToArray());
        Assert.Equal("00-1-2-01", Encoding.UTF8.GetString((byte[])back.BasicProperties.Headers!["MT-Activity-Id"]!));
        Assert.DoesNotContain(back.BasicProperties.Headers, header => header.Key.StartsWith("MT-Fault", StringComparison.Ordinal));
        Assert.Null(await channel.BasicGetAsync(Queue, autoAck: true, Cancellation));
        await channel.QueueDeleteAsync(Queue, cancellationToken: Cancellation);
        await channel.ExchangeDeleteAsync(Queue, cancellationToken: Cancellation);
        await channel.QueueDeleteAsync($"{Queue}_error", cancellationToken: Cancellation);
    }

    [Fact]
    public async Task Without_the_broker_the_list_is_unavailable_and_says_so()
    {
        using var response = await fixture.Gateway.Operator.GetAsync("/operator/dead-letters", Cancellation);

        await response.AssertErrorAsync(503, "service_unavailable", Cancellation);
    }

    private static async Task<JsonElement> OnlyAsync(TestGateway gateway)
    {
        using var response = await gateway.Operator.GetAsync("/operator/dead-letters", Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return Assert.Single((await response.JsonAsync(Cancellation)).GetProperty("deadLetters").EnumerateArray());
    }
}
