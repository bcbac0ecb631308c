using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace ArdorQr.Gateway.Tests;

public sealed class AdjustmentTests(GatewayFixture fixture)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_adjustment_reaches_ledger_under_one_id_however_often_it_is_repeated()
    {
        await using var ledger = await StubService.StartAsync("ledger", Cancellation);
        ledger.Answer = context => context.Response.WriteAsJsonAsync(new { type = "adjustment" });
        await using var gateway = StartGateway(ledger);
        var (merchant, key) = (await gateway.RegisterAsync(Cancellation), NewKey());

        using var first = await SendAsync(gateway, merchant.Id, key, -500);
        using var again = await SendAsync(gateway, merchant.Id, key, -500);
        using var another = await SendAsync(gateway, merchant.Id, NewKey(), -500);
        using var other = await SendAsync(gateway, merchant.Id, key, -501);

        Assert.Equal([201, 201, 201], new[] { first, again, another }.Select(response => (int)response.StatusCode));
        Assert.Equal("""{"type":"adjustment"}""", await first.Content.ReadAsStringAsync(Cancellation));
        await other.AssertErrorAsync(422, "idempotency_key_reused", Cancellation);
        var seen = ledger.Seen.Select(request => JsonSerializer.Deserialize<JsonElement>(request.Body)).ToList();
        Assert.All(ledger.Seen, request => Assert.Equal(("POST", "/internal/adjustments"), (request.Method, request.Path)));
        Assert.Equal(3, seen.Count);
        Assert.Equal(["id", "merchantId", "mode", "amountMinor", "reason"], seen[0].EnumerateObject().Select(member => member.Name));
        Assert.Equal(
            (merchant.Id, "test", -500L, "Двойное зачисление"),
            (seen[0].GetProperty("merchantId").GetGuid(), seen[0].GetProperty("mode").GetString(),
                seen[0].GetProperty("amountMinor").GetInt64(), seen[0].GetProperty("reason").GetString()));
        Assert.Equal(7, seen[0].GetProperty("id").GetGuid().Version);
        Assert.Equal(seen[0].GetRawText(), seen[1].GetRawText());
        Assert.NotEqual(seen[0].GetProperty("id").GetGuid(), seen[2].GetProperty("id").GetGuid());
    }

    [Fact]
    public async Task Ledgers_refusal_is_passed_on_and_its_failure_is_unavailable()
    {
        await using var ledger = await StubService.StartAsync("ledger", Cancellation);
        await using var gateway = StartGateway(ledger);
        var merchant = await gateway.RegisterAsync(Cancellation);

        ledger.Answer = context =>
        {
            context.Response.StatusCode = 402;
            return context.Response.WriteAsJsonAsync(new
            {
                error = new { code = "insufficient_funds", message = "Недостаточно средств", requestId = "x", details = new { balanceMinor = 5 } },
            });
        };
        using var refused = await SendAsync(gateway, merchant.Id, NewKey(), -500);
        ledger.Answer = context =>
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        };
        using var failed = await SendAsync(gateway, merchant.Id, NewKey(), -500);

        var error = await refused.AssertErrorAsync(402, "insufficient_funds", Cancellation);
        Assert.Equal(5, error.GetProperty("details").GetProperty("balanceMinor").GetInt64());
        await failed.AssertErrorAsync(503, "service_unavailable", Cancellation);
    }

    [Fact]
    public async Task An_adjustment_needs_a_key_a_merchant_and_the_operators_token()
    {
        await using var ledger = await StubService.StartAsync("ledger", Cancellation);
        await using var gateway = StartGateway(ledger);
        var merchant = await gateway.RegisterAsync(Cancellation);

        using var keyless = await SendAsync(gateway, merchant.Id, null, 5);
        using var unknown = await SendAsync(gateway, Guid.CreateVersion7(TimeProvider.System.GetUtcNow()), NewKey(), 5);
        using var nobody = new HttpClient { BaseAddress = gateway.Operator.BaseAddress };
        using var anonymous = await nobody.PostAsJsonAsync($"/operator/merchants/{merchant.Id}/adjustments", new { }, Cancellation);
        using var elsewhere = await gateway.Anonymous.PostAsJsonAsync($"/operator/merchants/{merchant.Id}/adjustments", new { }, Cancellation);

        await keyless.AssertErrorAsync(400, "idempotency_key_invalid", Cancellation);
        await unknown.AssertErrorAsync(404, "not_found", Cancellation);
        await anonymous.AssertErrorAsync(401, "unauthorized", Cancellation);
        await elsewhere.AssertErrorAsync(404, "not_found", Cancellation);
        Assert.Empty(ledger.Seen);
    }

    private TestGateway StartGateway(StubService ledger) => TestGateway.Start(
        fixture.Database,
        new Dictionary<string, string?>(fixture.Settings) { ["services:ledger:http:0"] = ledger.Address });

    private static string NewKey() => $"{Guid.CreateVersion7(TimeProvider.System.GetUtcNow())}";

    private static async Task<HttpResponseMessage> SendAsync(TestGateway gateway, Guid merchantId, string? key, long amount)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/operator/merchants/{merchantId}/adjustments")
        {
            Content = JsonContent.Create(new { mode = "test", amountMinor = amount, reason = "Двойное зачисление" }),
        };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return await gateway.Operator.SendAsync(request, Cancellation);
    }
}
