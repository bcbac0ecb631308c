using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Testing;

namespace ArdorQr.Webhooks.Tests;

/// <summary>The log of deliveries, a delivery sent again, and the sample event.</summary>
public sealed class LogAndToolsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_log_is_the_newest_first_limited_filtered_and_of_its_merchant_and_mode_only()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        var delivered = await host.OweAsync(Token);
        await host.DeliverDueAsync(Token);
        var pending = await host.OweAsync(Token);
        await host.PublishAsync(Events.DepositDetected(host.MerchantId, Mode.Live), Token);
        await host.OweAsync(Token, WebhooksHost.NewId());

        Assert.Equal([pending, delivered], Ids(await host.DeliveriesAsync(Token)));
        Assert.Equal([pending], Ids(await host.DeliveriesAsync(Token, "?limit=1")));
        Assert.Equal([delivered], Ids(await host.DeliveriesAsync(Token, "?status=delivered")));
        Assert.Equal([delivered], Ids(await host.DeliveriesAsync(Token, $"?eventId={delivered}")));
        Assert.Empty(await host.DeliveriesAsync(Token, "?status=failed"));
        Assert.Single(await host.DeliveriesAsync(Token, mode: Mode.Live));
        Assert.Equal(
            ["id", "eventId", "eventType", "status", "url", "attempts", "nextAttemptAt", "redeliveryOf", "createdAt",
                "deliveredAt"],
            (await host.DeliveriesAsync(Token))[0].EnumerateObject().Select(member => member.Name));
    }

    [Fact]
    public async Task A_wrong_query_is_an_error()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        foreach (var query in new[] { "limit=0", "limit=101", "limit=x", "status=Delivered", "status=",
            "eventId=evt_1" })
        {
            using var response = await host.Merchant()
                .GetAsync(new Uri($"/v1/webhooks/deliveries?{query}", UriKind.Relative), Token);
            Assert.Equal((query, HttpStatusCode.BadRequest), (query, response.StatusCode));
        }
    }

    [Fact]
    public async Task A_delivery_sent_again_is_a_new_delivery_of_the_same_event_and_bytes()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        await host.OweAsync(Token);
        await host.DeliverDueAsync(Token);
        var original = await host.DeliveryAsync(Token);

        using var response = await ResendAsync(host, original.GetProperty("id").GetGuid());
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var resent = await response.Content.ReadFromJsonAsync<JsonElement>(Token);
        Assert.Equal(original.GetProperty("id").GetGuid(), resent.GetProperty("redeliveryOf").GetGuid());
        Assert.Equal(original.GetProperty("eventId").GetGuid(), resent.GetProperty("eventId").GetGuid());
        Assert.Equal("pending", resent.GetProperty("status").GetString());
        Assert.Equal(1, await host.DeliverDueAsync(Token));

        var (first, second) = (await host.Receiver.NextAsync(Token), await host.Receiver.NextAsync(Token));
        Assert.Equal(first.Body, second.Body);
        Assert.Equal(first.Header("X-Ardor-Event-Id"), second.Header("X-Ardor-Event-Id"));
        Assert.Equal(resent.GetProperty("id").GetString(), second.Header("X-Ardor-Delivery-Id"));
    }

    [Fact]
    public async Task Sending_again_needs_a_delivery_of_this_merchant_an_endpoint_and_the_right()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.OweAsync(Token);
        var id = (await host.DeliveryAsync(Token)).GetProperty("id").GetGuid();

        using var unconfigured = await ResendAsync(host, id);
        await host.ConfigureAsync(Token);
        using var unknown = await ResendAsync(host, WebhooksHost.NewId());
        using var otherMode = await ResendAsync(host, id, host.Merchant(Mode.Live));
        using var stranger = await ResendAsync(
            host, id, host.ClientOf(TestIdentity.Caller(WebhooksHost.NewId(), Mode.Test)));
        using var reader = await ResendAsync(
            host, id, host.ClientOf(TestIdentity.Caller(host.MerchantId, Mode.Test) with { Rights = ["read"] }));
        using var noId = await host.Merchant()
            .PostAsync(new Uri("/v1/webhooks/deliveries/1/resend", UriKind.Relative), null, Token);

        Assert.Equal("webhook_not_configured", await CodeOfAsync(unconfigured, HttpStatusCode.Conflict));
        Assert.Equal("not_found", await CodeOfAsync(unknown, HttpStatusCode.NotFound));
        Assert.Equal("not_found", await CodeOfAsync(otherMode, HttpStatusCode.NotFound));
        Assert.Equal("not_found", await CodeOfAsync(stranger, HttpStatusCode.NotFound));
        Assert.Equal("permission_denied", await CodeOfAsync(reader, HttpStatusCode.Forbidden));
        Assert.Equal("validation_failed", await CodeOfAsync(noId, HttpStatusCode.BadRequest));
    }

    [Fact]
    public async Task A_test_event_is_a_signed_sample_of_its_type()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        var secret = await host.ConfigureAsync(Token);
        (string Type, string Status)[] cases =
        [
            ("deposit.pending", "pending"), ("deposit.credited", "credited"), ("payment.processing", "confirming"),
            ("payment.completed", "completed"), ("payment.failed", "failed"),
        ];
        foreach (var (type, status) in cases)
        {
            using var response = await host.Merchant().PostAsJsonAsync("/v1/webhooks/test", new { type }, Token);
            Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
            var delivery = await response.Content.ReadFromJsonAsync<JsonElement>(Token);
            Assert.Equal(1, await host.DeliverDueAsync(Token));

            var received = await host.Receiver.NextAsync(Token);
            Assert.Equal([true], SignatureCheck.Matches(received.Header("X-Ardor-Signature"), received.Body, secret!));
            Assert.Equal(delivery.GetProperty("id").GetString(), received.Header("X-Ardor-Delivery-Id"));
            var body = JsonDocument.Parse(received.Body).RootElement;
            Assert.Equal(delivery.GetProperty("eventId").GetString(), body.GetProperty("id").GetString());
            Assert.Equal(type, body.GetProperty("type").GetString());
            Assert.Equal("test", body.GetProperty("mode").GetString());
            Assert.Equal(status, body.GetProperty("data").GetProperty("status").GetString());
        }
    }

    [Fact]
    public async Task A_test_event_needs_a_known_type_and_an_endpoint()
    {
        (string Body, HttpStatusCode Status, string Code)[] cases =
        [
            ("""{"type":"payment.refunded"}""", HttpStatusCode.BadRequest, "validation_failed"),
            ("""{"type":null}""", HttpStatusCode.BadRequest, "validation_failed"),
            ("""{"type":"payment.failed","extra":1}""", HttpStatusCode.BadRequest, "validation_failed"),
            ("{}", HttpStatusCode.BadRequest, "validation_failed"),
            ("""{"type":"payment.failed"}""", HttpStatusCode.Conflict, "webhook_not_configured"),
        ];
        await using var host = await WebhooksHost.StartAsync(Token);
        foreach (var (body, status, code) in cases)
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            using var response = await host.Merchant()
                .PostAsync(new Uri("/v1/webhooks/test", UriKind.Relative), content, Token);
            Assert.Equal(code, await CodeOfAsync(response, status));
        }

        Assert.Empty(await host.DeliveriesAsync(Token));
    }

    private static Task<HttpResponseMessage> ResendAsync(WebhooksHost host, Guid id, HttpClient? client = null) =>
        (client ?? host.Merchant())
            .PostAsync(new Uri($"/v1/webhooks/deliveries/{id}/resend", UriKind.Relative), null, Token);

    private static async Task<string?> CodeOfAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        Assert.Equal(status, response.StatusCode);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>(Token);
        return body.GetProperty("error").GetProperty("code").GetString();
    }

    private static IEnumerable<Guid> Ids(IReadOnlyList<JsonElement> deliveries) =>
        deliveries.Select(delivery => delivery.GetProperty("eventId").GetGuid());
}
