using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace ArdorQr.Webhooks.Tests;

/// <summary>What the operator is told of webhooks that didn't arrive.</summary>
public sealed class ReconcileTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Waiting_is_no_discrepancy()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.OweAsync(Token, WebhooksHost.NewId()); // Without an endpoint.
        await host.ConfigureAsync(Token);
        host.Receiver.AnswerWith(500);
        await host.OweAsync(Token);
        await host.DeliverDueAsync(Token);
        await host.OweAsync(Token);

        var checks = await ChecksAsync(host);

        Assert.Equal(
            ["undelivered_webhooks", "webhook_events_without_delivery", "overdue_webhooks"],
            checks.Select(check => check.GetProperty("name").GetString()));
        Assert.All(checks, check => Assert.True(check.GetProperty("ok").GetBoolean(), check.GetRawText()));
        Assert.All(checks, check => Assert.Equal(
            ["name", "ok", "expected", "actual", "details"], check.EnumerateObject().Select(member => member.Name)));
    }

    [Fact]
    public async Task Each_planted_discrepancy_is_found_and_named()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        var givenUp = await host.OweAsync(Token);
        await host.ExecuteAsync("UPDATE webhooks.delivery SET status = 'failed', next_attempt_at = NULL", null, Token);
        var orphan = WebhooksHost.NewId();
        await host.ExecuteAsync(
            """
            INSERT INTO webhooks.event (event_id, merchant_id, mode, type, body, created_at)
            VALUES (@orphan, @MerchantId, 'test', 'payment.failed', '{}', now())
            """, new { orphan, host.MerchantId }, Token);
        await host.OweAsync(Token);
        await host.ExecuteAsync(
            """
            UPDATE webhooks.delivery SET next_attempt_at = now() - interval '11 minutes' WHERE status = 'pending';
            UPDATE webhooks.endpoint SET updated_at = now() - interval '11 minutes';
            """, null, Token);
        var overdue = (await host.DeliveriesAsync(Token, "?status=pending"))[0].GetProperty("id").GetString();

        var checks = await ChecksAsync(host);

        Assert.Equal(
            [givenUp.ToString(), orphan.ToString(), overdue],
            checks.Select(check => Assert.Single(check.GetProperty("details").EnumerateArray()).GetString()));
        Assert.All(checks, check => Assert.False(check.GetProperty("ok").GetBoolean()));
        Assert.All(checks, check => Assert.Equal(1, check.GetProperty("actual").GetInt64()));
    }

    [Fact]
    public async Task What_was_recovered_is_undelivered_no_more()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        await host.OweAsync(Token);
        await host.ExecuteAsync("UPDATE webhooks.delivery SET status = 'failed', next_attempt_at = NULL", null, Token);
        await host.PostAsync(
            "/v1/webhooks/recover", new { since = TimeProvider.System.GetUtcNow().AddHours(-1) }, Token);

        Assert.All(await ChecksAsync(host), check => Assert.True(check.GetProperty("ok").GetBoolean()));
    }

    [Fact]
    public async Task Only_a_service_with_the_scope_may_ask()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        var address = new Uri("/internal/reconciliation", UriKind.Relative);

        using var other = await host.Gateway().GetAsync(address, Token);
        using var merchant = await host.Merchant().GetAsync(address, Token);

        Assert.Equal(HttpStatusCode.Forbidden, other.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, merchant.StatusCode);
    }

    private static async Task<IReadOnlyList<JsonElement>> ChecksAsync(WebhooksHost host)
    {
        var body = await host.Gateway("webhooks:reconcile")
            .GetFromJsonAsync<JsonElement>("/internal/reconciliation", Token);
        return [.. body.GetProperty("checks").EnumerateArray()];
    }
}
