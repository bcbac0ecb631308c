using System.Net;
using System.Net.Http.Json;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace ArdorQr.Gateway.Tests;

public sealed class AccountTests(GatewayFixture fixture)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_account_is_composed_of_ours_and_of_what_Webhooks_knows()
    {
        await using var webhooks = await StubService.StartAsync("webhooks", Cancellation);
        webhooks.Answer = context => context.Response.WriteAsJsonAsync(
            new { webhookUrl = "https://example.com/hooks", webhookEnabled = true }, Cancellation);
        await using var gateway = StartWith(webhooks);
        var merchant = await gateway.RegisterAsync(Cancellation, "ООО «Лютик»");
        using var client = gateway.ClientOf(merchant.TestKey);
        using var response = await client.GetAsync("/v1/account", Cancellation);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var account = await response.JsonAsync(Cancellation);
        Assert.Equal(
            ["id", "name", "status", "webhookUrl", "webhookEnabled", "createdAt"], account.EnumerateObject().Select(member => member.Name));
        Assert.Equal(merchant.Id, account.GetProperty("id").GetGuid());
        Assert.Equal("ООО «Лютик»", account.GetProperty("name").GetString());
        Assert.Equal("active", account.GetProperty("status").GetString());
        Assert.Equal("https://example.com/hooks", account.GetProperty("webhookUrl").GetString());
        Assert.True(account.GetProperty("webhookEnabled").GetBoolean());
        Assert.Equal($"/internal/endpoints/{merchant.Id}/test", Assert.Single(webhooks.Seen).Path);
    }

    [Fact]
    public async Task Setting_webhooks_passes_the_body_on_as_it_is_and_answers_account_and_secret()
    {
        const string body = """{ "url": "https://example.com/hooks", "rotateSecret": true }""";
        await using var webhooks = await StubService.StartAsync("webhooks", Cancellation);
        webhooks.Answer = context => context.Response.WriteAsJsonAsync(
            new { webhookUrl = "https://example.com/hooks", webhookEnabled = true, secret = "whsec_1" }, Cancellation);
        await using var gateway = StartWith(webhooks);
        var merchant = await gateway.RegisterAsync(Cancellation);
        using var client = gateway.ClientOf(merchant.LiveKey);
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await client.PutAsync("/v1/webhooks", content, Cancellation);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var answer = await response.JsonAsync(Cancellation);
        Assert.Equal("whsec_1", answer.GetProperty("secret").GetString());
        Assert.Equal("https://example.com/hooks", answer.GetProperty("merchant").GetProperty("webhookUrl").GetString());
        var seen = Assert.Single(webhooks.Seen);
        Assert.Equal(("PUT", $"/internal/endpoints/{merchant.Id}/live", body), (seen.Method, seen.Path, seen.Body));
    }

    [Fact]
    public async Task What_Webhooks_refuses_reaches_the_merchant_with_our_request_id()
    {
        await using var webhooks = await StubService.StartAsync("webhooks", Cancellation);
        webhooks.Answer = context =>
        {
            context.Response.StatusCode = 422;
            return context.Response.WriteAsJsonAsync(new
            {
                error = new { code = "webhook_url_forbidden", message = "Адрес запрещён.", requestId = "theirs", details = new { field = "url" } },
            }, Cancellation);
        };
        await using var gateway = StartWith(webhooks);
        var merchant = await gateway.RegisterAsync(Cancellation);
        using var client = gateway.ClientOf(merchant.LiveKey);
        using var response = await client.PutAsJsonAsync("/v1/webhooks", new { url = "https://10.0.0.1/" }, Cancellation);

        var error = await response.AssertErrorAsync(422, "webhook_url_forbidden", Cancellation);
        Assert.Equal("Адрес запрещён.", error.GetProperty("message").GetString());
        Assert.Equal("url", error.GetProperty("details").GetProperty("field").GetString());
    }

    [Theory]
    [InlineData(200, "garbled")]
    [InlineData(200, "{}")]
    [InlineData(401, """{"error":{"code":"unauthorized","message":"нет"}}""")]
    [InlineData(404, """{"error":{"code":"not_found","message":"нет"}}""")]
    [InlineData(422, "garbled")]
    [InlineData(500, """{"error":{"code":"internal_error","message":"ошибка"}}""")]
    public async Task Anything_else_from_Webhooks_is_503(int status, string body)
    {
        await using var webhooks = await StubService.StartAsync("webhooks", Cancellation);
        webhooks.Answer = async context =>
        {
            context.Response.StatusCode = status;
            await context.Response.WriteAsync(body, Cancellation);
        };
        await using var gateway = StartWith(webhooks);
        var merchant = await gateway.RegisterAsync(Cancellation);
        using var client = gateway.ClientOf(merchant.LiveKey);
        using var response = await client.GetAsync("/v1/account", Cancellation);

        await response.AssertErrorAsync(503, "service_unavailable", Cancellation);
    }

    [Fact]
    public async Task Without_Webhooks_the_account_is_503_and_keys_are_still_served()
    {
        await using var gateway = TestGateway.Start(
            fixture.Database, new Dictionary<string, string?>(fixture.Settings) { ["services:webhooks:http:0"] = StubService.DeadAddress() });
        var merchant = await gateway.RegisterAsync(Cancellation);
        using var client = gateway.ClientOf(merchant.LiveKey);

        using var account = await client.GetAsync("/v1/account", Cancellation);
        await account.AssertErrorAsync(503, "service_unavailable", Cancellation);
        using var keys = await client.GetAsync("/v1/keys", Cancellation);
        Assert.Equal(HttpStatusCode.OK, keys.StatusCode);
    }

    private TestGateway StartWith(StubService webhooks) => TestGateway.Start(
        fixture.Database, new Dictionary<string, string?>(fixture.Settings) { ["services:webhooks:http:0"] = webhooks.Address });
}
