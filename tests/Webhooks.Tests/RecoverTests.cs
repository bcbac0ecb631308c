using System.Net;

namespace ArdorQr.Webhooks.Tests;

/// <summary>After an outage: everything that failed is sent again, once.</summary>
public sealed class RecoverTests
{
    private static readonly object AnHourAgo = new { since = TimeProvider.System.GetUtcNow().AddHours(-1) };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_given_up_is_sent_again_once_and_what_was_delivered_is_not()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        await host.OweAsync(Token);
        await host.DeliverDueAsync(Token);
        var lost = new[] { await host.OweAsync(Token), await host.OweAsync(Token) };
        await host.ExecuteAsync(
            "UPDATE webhooks.delivery SET status = 'failed', next_attempt_at = NULL WHERE status = 'pending'", null,
            Token);

        var (status, first) = await host.PostAsync("/v1/webhooks/recover", AnHourAgo, Token);
        var (_, second) = await host.PostAsync("/v1/webhooks/recover", AnHourAgo, Token);
        await host.DeliverDueAsync(Token);
        var (_, third) = await host.PostAsync("/v1/webhooks/recover", AnHourAgo, Token);

        Assert.Equal(HttpStatusCode.Accepted, status);
        Assert.Equal("""{"resent":2,"hastened":0,"complete":true}""", first.GetRawText());
        Assert.Equal("""{"resent":0,"hastened":0,"complete":true}""", second.GetRawText());
        Assert.Equal("""{"resent":0,"hastened":0,"complete":true}""", third.GetRawText());
        var delivered = (await host.DeliveriesAsync(Token, "?status=delivered"))
            .Where(delivery => delivery.GetProperty("redeliveryOf").ValueKind != System.Text.Json.JsonValueKind.Null)
            .Select(delivery => delivery.GetProperty("eventId").GetGuid());
        Assert.Equal(lost.Order(), delivered.Order());
        Assert.Equal(3, host.Receiver.Count);
    }

    [Fact]
    public async Task What_waits_for_its_next_attempt_is_due_at_once_and_the_endpoints_rest_ends()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        host.Receiver.AnswerWith(500);
        await host.OweAsync(Token);
        await host.DeliverDueAsync(Token);
        await host.ExecuteAsync(
            """
            UPDATE webhooks.delivery SET next_attempt_at = clock_timestamp() + interval '5 hours';
            UPDATE webhooks.endpoint SET unanswered = 9, resting_until = clock_timestamp() + interval '5 minutes';
            """, null, Token);
        Assert.Equal(0, await host.DeliverDueAsync(Token));

        var (_, answer) = await host.PostAsync("/v1/webhooks/recover", AnHourAgo, Token);

        Assert.Equal("""{"resent":0,"hastened":1,"complete":true}""", answer.GetRawText());
        Assert.Equal(1, await host.DeliverDueAsync(Token));
        Assert.Equal(2, (await host.DeliveryAsync(Token)).GetProperty("attempts").GetArrayLength());
    }

    [Fact]
    public async Task What_is_older_than_the_time_stays_as_it_is()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        await host.OweAsync(Token);
        await host.ExecuteAsync(
            """
            UPDATE webhooks.delivery
            SET status = 'failed', next_attempt_at = NULL, created_at = created_at - interval '2 hours'
            """, null, Token);

        var (_, answer) = await host.PostAsync("/v1/webhooks/recover", AnHourAgo, Token);

        Assert.Equal("""{"resent":0,"hastened":0,"complete":true}""", answer.GetRawText());
    }

    [Fact]
    public async Task More_than_a_batch_is_recovered_in_one_call()
    {
        const int events = 700;
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        await host.ExecuteAsync(
            """
            WITH stored AS (
                INSERT INTO webhooks.event (event_id, merchant_id, mode, type, body, created_at)
                SELECT gen_random_uuid(), @MerchantId, 'test', 'payment.failed', '{}', now()
                FROM generate_series(1, @events)
                RETURNING event_id)
            INSERT INTO webhooks.delivery (id, event_id, merchant_id, mode, paused, status, next_attempt_at)
            SELECT gen_random_uuid(), event_id, @MerchantId, 'test', false, 'failed', NULL FROM stored
            """, new { host.MerchantId, events }, Token);

        var (_, answer) = await host.PostAsync("/v1/webhooks/recover", AnHourAgo, Token);

        Assert.Equal(events, answer.GetProperty("resent").GetInt32());
        Assert.True(answer.GetProperty("complete").GetBoolean());
    }

    [Fact]
    public async Task Recovering_needs_a_time_with_an_offset_an_endpoint_and_the_right()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        var reader = host.ClientOf(
            Testing.TestIdentity.Caller(host.MerchantId, Contracts.Mode.Test) with { Rights = ["read"] });

        foreach (var body in new object[] { new { }, new { since = "yesterday" }, new { since = "2026-06-19T12:00:00" },
            new { since = (string?)null } })
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await host.PostAsync("/v1/webhooks/recover", body, Token)).Status);
        }

        Assert.Equal(HttpStatusCode.Conflict, (await host.PostAsync("/v1/webhooks/recover", AnHourAgo, Token)).Status);
        Assert.Equal(
            HttpStatusCode.Forbidden, (await host.PostAsync("/v1/webhooks/recover", AnHourAgo, Token, reader)).Status);
    }
}
