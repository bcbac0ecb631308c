using System.Text;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Testing;
using ArdorQr.Webhooks.Database;

namespace ArdorQr.Webhooks.Tests;

/// <summary>From an owner's event to the merchant's server.</summary>
public sealed class DeliveryTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_event_arrives_signed_with_its_ids_and_is_delivered()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        var secret = await host.ConfigureAsync(Token);
        var message = Events.PaymentCompleted(host.MerchantId);
        await host.PublishAsync(message, Token);

        Assert.Equal(1, await host.DeliverDueAsync(Token));

        var received = await host.Receiver.NextAsync(Token);
        Assert.Equal([true], SignatureCheck.Matches(received.Header("X-Ardor-Signature"), received.Body, secret!));
        Assert.InRange(TimeProvider.System.GetUtcNow() - SignatureCheck.TimeOf(received.Header("X-Ardor-Signature")),
            TimeSpan.Zero, TimeSpan.FromSeconds(30));
        Assert.Equal("application/json", received.Header("Content-Type"));
        Assert.Equal(message.EventId.ToString(), received.Header("X-Ardor-Event-Id"));
        Assert.Equal("1", received.Header("X-Ardor-Attempt"));
        Assert.Equal("/hooks", received.Path);
        var delivery = await host.DeliveryAsync(Token);
        Assert.Equal(delivery.GetProperty("id").GetString(), received.Header("X-Ardor-Delivery-Id"));
        Assert.Equal("delivered", delivery.GetProperty("status").GetString());
        Assert.Equal(JsonValueKind.Null, delivery.GetProperty("nextAttemptAt").ValueKind);
        Assert.Equal(JsonValueKind.String, delivery.GetProperty("deliveredAt").ValueKind);
        Assert.Equal(host.Receiver.Url, delivery.GetProperty("url").GetString());
        var attempt = Assert.Single(delivery.GetProperty("attempts").EnumerateArray());
        Assert.Equal(
            ["number", "at", "responseStatus", "durationMs", "error", "responseBody"],
            attempt.EnumerateObject().Select(member => member.Name));
        Assert.Equal(200, attempt.GetProperty("responseStatus").GetInt32());
        Assert.Equal("ok", attempt.GetProperty("responseBody").GetString());
    }

    [Fact]
    public async Task The_body_is_the_events_with_the_snapshot_as_it_came_and_the_same_bytes_at_every_attempt()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        host.Receiver.AnswerWith(500);
        var message = Events.PaymentFailed(host.MerchantId);
        await host.PublishAsync(message, Token);
        await host.DeliverDueAsync(Token);
        await host.MakeDueAsync(Token);
        await host.DeliverDueAsync(Token);

        var first = await host.Receiver.NextAsync(Token);
        var second = await host.Receiver.NextAsync(Token);

        Assert.Equal(
            $$"""{"id":"{{message.EventId}}","type":"payment.failed","createdAt":"2026-06-19T12:00:00.123456Z","mode":"test","data":{{Events.Snapshot}}}""",
            Encoding.UTF8.GetString(first.Body));
        Assert.Equal(first.Body, second.Body);
        Assert.Equal("2", second.Header("X-Ardor-Attempt"));
    }

    [Fact]
    public async Task Each_of_the_five_events_becomes_its_webhook()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.PublishAsync(Events.DepositDetected(host.MerchantId), Token);
        await host.PublishAsync(Events.DepositCredited(host.MerchantId), Token);
        await host.PublishAsync(Events.PaymentProcessing(host.MerchantId), Token);
        await host.PublishAsync(Events.PaymentCompleted(host.MerchantId), Token);
        await host.PublishAsync(Events.PaymentFailed(host.MerchantId), Token);

        var types = (await host.DeliveriesAsync(Token))
            .Select(delivery => delivery.GetProperty("eventType").GetString());

        Assert.Equal(["payment.failed", "payment.completed", "payment.processing", "deposit.credited",
            "deposit.pending"], types);
    }

    [Fact]
    public async Task A_repeated_event_makes_one_delivery()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        var message = Events.DepositDetected(host.MerchantId);

        await host.PublishAsync(message, Token);
        await host.Harness.Bus.Publish(message, Token);
        await host.PublishAsync(Events.DepositDetected(host.MerchantId), Token);
        // Past its retention the event's own key holds.
        await host.ExecuteAsync("DELETE FROM messaging.inbox", null, Token);
        await host.Harness.Bus.Publish(message, Token);
        await host.PublishAsync(Events.DepositDetected(host.MerchantId), Token);

        Assert.Single(await host.DeliveriesAsync(Token, $"?eventId={message.EventId}"));
    }

    [Fact]
    public async Task Without_an_endpoint_events_wait_and_setting_one_sends_them()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.PublishAsync(Events.DepositDetected(host.MerchantId), Token);

        Assert.Equal(0, await host.DeliverDueAsync(Token));
        var waiting = await host.DeliveryAsync(Token);
        Assert.Equal("pending", waiting.GetProperty("status").GetString());
        Assert.Equal(JsonValueKind.Null, waiting.GetProperty("nextAttemptAt").ValueKind);

        await host.ConfigureAsync(Token);
        Assert.Equal(1, await host.DeliverDueAsync(Token));
        Assert.Equal("delivered", (await host.DeliveryAsync(Token)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Disabling_and_a_null_url_pause_what_is_pending_and_enabling_resumes_it()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        await host.OweAsync(Token);

        using var disabled = await host.PutAsync(new { url = host.Receiver.Url, enabled = false }, Token);
        Assert.Equal(0, await host.DeliverDueAsync(Token));
        using var nowhere = await host.PutAsync(new { url = (string?)null }, Token);
        Assert.Equal(0, await host.DeliverDueAsync(Token));
        Assert.Null(await host.ConfigureAsync(Token)); // The secret is kept through both.

        Assert.Equal(1, await host.DeliverDueAsync(Token));
        Assert.Equal(1, host.Receiver.Count);
    }

    [Fact]
    public async Task During_a_rotation_both_secrets_sign_the_new_one_first_and_after_a_day_only_the_new_one()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        var old = await host.ConfigureAsync(Token);
        var fresh = await host.ConfigureAsync(Token, rotateSecret: true);
        Assert.NotEqual(old, fresh);

        await host.OweAsync(Token);
        await host.DeliverDueAsync(Token);
        var during = await host.Receiver.NextAsync(Token);
        await host.ExecuteAsync(
            "UPDATE webhooks.endpoint SET previous_secret_until = previous_secret_until - interval '24 hours'", null,
            Token);
        await host.OweAsync(Token);
        await host.DeliverDueAsync(Token);
        var after = await host.Receiver.NextAsync(Token);

        Assert.Equal([true, false], SignatureCheck.Matches(during.Header("X-Ardor-Signature"), during.Body, fresh!));
        Assert.Equal([false, true], SignatureCheck.Matches(during.Header("X-Ardor-Signature"), during.Body, old!));
        Assert.Equal([true], SignatureCheck.Matches(after.Header("X-Ardor-Signature"), after.Body, fresh!));
    }

    [Fact]
    public async Task A_second_rotation_within_the_day_ends_the_oldest_secret_at_once()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        var oldest = await host.ConfigureAsync(Token);
        var old = await host.ConfigureAsync(Token, rotateSecret: true);
        var fresh = await host.ConfigureAsync(Token, rotateSecret: true);

        await host.OweAsync(Token);
        await host.DeliverDueAsync(Token);
        var sent = await host.Receiver.NextAsync(Token);

        Assert.Equal([true, false], SignatureCheck.Matches(sent.Header("X-Ardor-Signature"), sent.Body, fresh!));
        Assert.Equal([false, true], SignatureCheck.Matches(sent.Header("X-Ardor-Signature"), sent.Body, old!));
        Assert.Equal([false, false], SignatureCheck.Matches(sent.Header("X-Ardor-Signature"), sent.Body, oldest!));
    }

    [Fact]
    public async Task Ten_failures_end_a_delivery_and_each_is_on_record()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        host.Receiver.AnswerWith(503, "busy");
        await host.OweAsync(Token);

        for (var attempt = 1; attempt <= 10; attempt++)
        {
            Assert.Equal("pending", (await host.DeliveryAsync(Token)).GetProperty("status").GetString());
            Assert.Equal(1, await host.DeliverDueAsync(Token));
            Assert.Equal(0, await host.DeliverDueAsync(Token)); // Not before its time.
            await host.MakeDueAsync(Token);
        }

        Assert.Equal(0, await host.DeliverDueAsync(Token));
        var delivery = await host.DeliveryAsync(Token);
        Assert.Equal("failed", delivery.GetProperty("status").GetString());
        Assert.Equal(Enumerable.Range(1, 10), delivery.GetProperty("attempts").EnumerateArray()
            .Select(attempt => attempt.GetProperty("number").GetInt32()));
        Assert.All(delivery.GetProperty("attempts").EnumerateArray(), attempt =>
            Assert.Equal(503, attempt.GetProperty("responseStatus").GetInt32()));
    }

    [Fact]
    public async Task The_first_retry_is_after_five_seconds_or_when_the_receiver_asks_for_it()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        const string waitSql =
            """
            SELECT extract(epoch FROM next_attempt_at - clock_timestamp())::float8 FROM webhooks.delivery
            WHERE event_id = @eventId
            """;

        host.Receiver.AnswerWith(500);
        var plain = await host.OweAsync(Token);
        await host.DeliverDueAsync(Token);
        host.Receiver.AnswerWith(429, retryAfter: "3600");
        var asked = await host.OweAsync(Token);
        await host.DeliverDueAsync(Token);

        Assert.InRange(await host.ScalarAsync<double>(waitSql, new { eventId = plain }, Token), 0, 6);
        Assert.InRange(await host.ScalarAsync<double>(waitSql, new { eventId = asked }, Token), 3_500, 3_600);
    }

    [Fact]
    public async Task A_redirect_is_a_failure_and_is_not_followed()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        host.Receiver.Answering = context =>
        {
            context.Response.Redirect(host.Receiver.Url + "/elsewhere");
            return Task.CompletedTask;
        };
        await host.OweAsync(Token);

        await host.DeliverDueAsync(Token);

        Assert.Equal(1, host.Receiver.Count);
        var attempt = Assert.Single((await host.DeliveryAsync(Token)).GetProperty("attempts").EnumerateArray());
        Assert.Equal(302, attempt.GetProperty("responseStatus").GetInt32());
    }

    [Fact]
    public async Task Of_a_long_answer_one_kibibyte_is_kept()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        host.Receiver.AnswerWith(200, new string('я', 200_000));
        await host.OweAsync(Token);

        await host.DeliverDueAsync(Token);

        var delivery = await host.DeliveryAsync(Token);
        Assert.Equal("delivered", delivery.GetProperty("status").GetString());
        Assert.Equal(new string('я', 512), delivery.GetProperty("attempts")[0].GetProperty("responseBody").GetString());
    }

    [Fact]
    public async Task Nobody_listening_is_a_failed_attempt_that_says_so()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        var closed = await Receiver.StartAsync(Token);
        await closed.DisposeAsync();
        await host.ConfigureAsync(Token, closed.Url);
        await host.OweAsync(Token);

        await host.DeliverDueAsync(Token);

        var attempt = Assert.Single((await host.DeliveryAsync(Token)).GetProperty("attempts").EnumerateArray());
        Assert.Equal("connection_failed", attempt.GetProperty("error").GetString());
        Assert.Equal(JsonValueKind.Null, attempt.GetProperty("responseStatus").ValueKind);
    }

    [Fact]
    public async Task An_event_that_comes_while_its_endpoint_is_being_set_waits_for_the_outcome()
    {
        const string waitingSql =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        const string setSql =
            """
            UPDATE webhooks.endpoint
            SET url = 'https://example.ru/', enabled = true, secret = '', secret_key_id = 'none'
            """;
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.OweAsync(Token);
        await using var setting = await host.Database.Database.BeginAsync(Token);
        await EndpointLocks.TakeAsync(setting, host.MerchantId, Mode.Test, Token);
        await setting.ExecuteAsync(setSql, null, Token);
        await DeliveryPauses.SetAsync(setting, host.MerchantId, Mode.Test, paused: false, Token);

        var owing = host.OweAsync(Token);
        await Eventually.TrueAsync(
            async () => owing.IsCompleted || await host.ScalarAsync<long>(waitingSql, null, Token) > 0, Token);
        await setting.CommitAsync(Token);
        await owing;

        Assert.Equal(
            0, await host.ScalarAsync<long>("SELECT count(*) FROM webhooks.delivery WHERE paused", null, Token));
    }
}
