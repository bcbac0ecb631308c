using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using ArdorQr.Chaos.Hosting;
using ArdorQr.Contracts;
using ArdorQr.Contracts.Events;
using ArdorQr.Testing;
using Npgsql;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace ArdorQr.Chaos.Tests;

/// <summary>A whole house in which somebody has taken over a service, or its account, and wants money for nothing.</summary>
[Collection(OneHouse.Name)]
public sealed class ForgedEventTests
{
    private const int LimitMilliseconds = 420_000;
    private const int WaitSeconds = 90;
    private const string MassTransitJson = "application/vnd.masstransit+json";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact(Timeout = LimitMilliseconds)]
    public async Task A_forged_event_credits_nothing_and_whoever_forges_it_goes_on_with_its_own()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var folder = Directory.CreateTempSubdirectory("ardorqr-forged-test-").FullName;
        try
        {
            await using var house = await House.StartAsync(folder, replicas: 1, sealsRows: true, cancellation);
            using var operators = new HttpClient { BaseAddress = house.OperatorUrls[0] };
            operators.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", House.OperatorToken);
            var merchant = await RegisterAsync(house, operators);
            var forged = Forged(merchant);

            await ByTheGatewaysOutboxAsync(house, operators, forged);
            await ByAQueueOfAnotherTypeAsync(house, forged);
            await ByDeadLettersAsync(house, operators);

            Assert.Equal(0, await CountAsync(house, "ledger", "SELECT count(*) FROM ledger.transfer"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The row stays, and is tried less and less often; what is the Gateway's own is sent.</summary>
    private static async Task ByTheGatewaysOutboxAsync(House house, HttpClient operators, DepositConfirmed forged)
    {
        await using (var database = await house.Postgres.OpenAsync("gateway", Cancellation))
        {
            await using var insert = new NpgsqlCommand(
                """
                INSERT INTO messaging.outbox (event_id, message_type, body, leased_until)
                VALUES (@id, 'ardorqr.deposits.deposit-confirmed.v1', @body, clock_timestamp())
                """,
                database);
            insert.Parameters.AddWithValue("id", forged.EventId);
            insert.Parameters.AddWithValue("body", JsonSerializer.Serialize(forged, JsonSerializerOptions.Web));
            await insert.ExecuteNonQueryAsync(Cancellation);
        }

        var log = house.Of("gateway").Single().Process.Log;
        const string refusedSql =
            "SELECT count(*) FROM messaging.outbox WHERE message_type LIKE '%deposit-confirmed%' AND attempts >= 2";
        await Eventually.TrueAsync(
            async () => await CountAsync(house, "gateway", refusedSql) == 1, Cancellation, WaitSeconds,
            () => File.ReadAllText(log));
        Assert.Contains("ACCESS_REFUSED", await File.ReadAllTextAsync(log, Cancellation), StringComparison.Ordinal);
        await RegisterAsync(house, operators);
        await Eventually.TrueAsync(
            async () => await CountAsync(house, "gateway", "SELECT count(*) FROM messaging.outbox") == 1, Cancellation, WaitSeconds);
    }

    /// <summary>Payments may fill the exchange of its own event, which leads to Ledger; but not with another's event.</summary>
    private static async Task ByAQueueOfAnotherTypeAsync(House house, DepositConfirmed forged)
    {
        const string skipped = "ledger.payment-completed_skipped";
        var envelope = new
        {
            messageId = forged.EventId,
            messageType = new[] { "urn:message:ardorqr:deposits:deposit-confirmed:v1" },
            message = forged,
        };
        await PublishAsync(
            house, "payments", "ardorqr.payments.payment-completed.v1",
            JsonSerializer.SerializeToUtf8Bytes(envelope, JsonSerializerOptions.Web));

        await using var connection = await ConnectAsync(house, BrokerAccounts.Administrator);
        await Eventually.TrueAsync(
            async () =>
            {
                await using var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation);
                try
                {
                    return await channel.BasicGetAsync(skipped, autoAck: true, Cancellation) is not null;
                }
                catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == Constants.NotFound)
                {
                    return false; // It is made with the first message that comes there.
                }
            },
            Cancellation, WaitSeconds);
    }

    /// <summary>
    /// What can't be read comes to the operators by the Gateway's account, and back to its queue when one of them says so.
    /// That is the one account by which a whole message could be put there: the page on security names it.
    /// </summary>
    private static async Task ByDeadLettersAsync(House house, HttpClient operators)
    {
        await PublishAsync(house, "deposits", "ardorqr.deposits.deposit-confirmed.v1", "nonsense"u8.ToArray());
        var letter = (await LettersAsync(operators, count: 1)).Single();
        Assert.Equal("ledger.deposit-confirmed", (string)letter["queue"]!);

        using var replayed = await operators.PostAsync(
            new Uri($"/operator/dead-letters/{letter["id"]}/replay", UriKind.Relative), null, Cancellation);
        Assert.True(replayed.IsSuccessStatusCode, await replayed.Content.ReadAsStringAsync(Cancellation));
        await LettersAsync(operators, count: 2); // Ledger could read it no better.
    }

    private static async Task<IReadOnlyList<JsonNode>> LettersAsync(HttpClient operators, int count)
    {
        List<JsonNode> letters = [];
        await Eventually.TrueAsync(
            async () =>
            {
                var answer = await operators.GetStringAsync(new Uri("/operator/dead-letters", UriKind.Relative), Cancellation);
                letters = [.. JsonNode.Parse(answer)!["deadLetters"]!.AsArray().Select(letter => letter!)];
                return letters.Count == count;
            },
            Cancellation, WaitSeconds);
        return letters;
    }

    /// <summary>A new merchant, when Deposits has heard of it from the Gateway.</summary>
    private static async Task<Guid> RegisterAsync(House house, HttpClient operators)
    {
        using var response = await operators.PostAsJsonAsync(
            new Uri("/operator/merchants", UriKind.Relative), new { name = "ООО Ромашка" }, Cancellation);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancellation));
        var id = Guid.Parse((string)JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancellation))!["id"]!);
        await Eventually.TrueAsync(
            async () => await CountAsync(house, "deposits", $"SELECT count(*) FROM deposits.address WHERE merchant_id = '{id}'") > 0,
            Cancellation, WaitSeconds);
        return id;
    }

    private static DepositConfirmed Forged(Guid merchant) => new()
    {
        EventId = NewId(),
        CreatedAt = TimeProvider.System.GetUtcNow(),
        MerchantId = merchant,
        Mode = Mode.Live,
        DepositId = NewId(),
        GrossMinor = new Kopecks(100_000_000),
        FeeMinor = new Kopecks(1_000_000),
        CreditedMinor = new Kopecks(99_000_000),
        Description = "Пополнение",
    };

    private static Guid NewId() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    private static async Task PublishAsync(House house, string account, string exchange, byte[] body)
    {
        await using var connection = await ConnectAsync(house, account);
        await using var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), Cancellation);
        var properties = new BasicProperties { ContentType = MassTransitJson };
        await channel.BasicPublishAsync(exchange, "", mandatory: true, properties, body, Cancellation);
    }

    private static Task<IConnection> ConnectAsync(House house, string account) =>
        new ConnectionFactory { Uri = new Uri(house.Rabbit.Accounts.UriOf(account, house.Rabbit.Port)) }.CreateConnectionAsync(Cancellation);

    private static async Task<long> CountAsync(House house, string database, string sql)
    {
        await using var connection = await house.Postgres.OpenAsync(database, Cancellation);
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync(Cancellation))!;
    }
}
