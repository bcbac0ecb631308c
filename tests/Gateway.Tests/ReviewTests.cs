using System.Net.Http.Json;
using Microsoft.AspNetCore.Http;

namespace ArdorQr.Gateway.Tests;

/// <summary>Payments in review, from the operator's side.</summary>
public sealed class ReviewTests(GatewayFixture fixture)
{
    private const string Id = "01900000-0000-7000-8000-000000000001";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_list_and_a_settlement_reach_payments_and_its_words_come_back()
    {
        await using var payments = await StubService.StartAsync("payments", Cancellation);
        payments.Answer = context => context.Response.WriteAsJsonAsync(new { payments = Array.Empty<int>() });
        await using var gateway = StartGateway(payments);

        using var list = await gateway.Operator.GetAsync("/operator/payments?status=review&limit=5", Cancellation);
        using var settled = await gateway.Operator.PostAsJsonAsync(
            $"/operator/payments/{Id}/settle", new { outcome = "completed", reason = "Банк подтвердил" }, Cancellation);

        Assert.Equal("""{"payments":[]}""", await list.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal(200, (int)settled.StatusCode);
        Assert.Equal(
            [("GET", "/internal/payments?limit=5"), ("POST", $"/internal/payments/{Id}/settle")],
            payments.Seen.Select(request => (request.Method, request.Path)));
        Assert.Equal("""{"outcome":"completed","reason":"Банк подтвердил"}""", System.Text.RegularExpressions.Regex.Unescape(payments.Seen.Last().Body));
    }

    [Fact]
    public async Task Payments_refusal_is_passed_on_and_its_failure_is_unavailable()
    {
        await using var payments = await StubService.StartAsync("payments", Cancellation);
        await using var gateway = StartGateway(payments);

        payments.Answer = context =>
        {
            context.Response.StatusCode = 409;
            return context.Response.WriteAsJsonAsync(new { error = new { code = "rail_disagrees", message = "Нет", requestId = "x" } });
        };
        using var refused = await gateway.Operator.PostAsJsonAsync($"/operator/payments/{Id}/settle", new { }, Cancellation);
        payments.Answer = context =>
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        };
        using var failed = await gateway.Operator.GetAsync("/operator/payments", Cancellation);

        await refused.AssertErrorAsync(409, "rail_disagrees", Cancellation);
        await failed.AssertErrorAsync(503, "service_unavailable", Cancellation);
    }

    [Fact]
    public async Task Only_the_operator_asks_and_only_for_reviews()
    {
        await using var payments = await StubService.StartAsync("payments", Cancellation);
        await using var gateway = StartGateway(payments);
        using var nobody = new HttpClient { BaseAddress = gateway.Operator.BaseAddress };

        using var anonymous = await nobody.PostAsJsonAsync($"/operator/payments/{Id}/settle", new { }, Cancellation);
        using var elsewhere = await gateway.Anonymous.GetAsync("/operator/payments", Cancellation);
        using var other = await gateway.Operator.GetAsync("/operator/payments?status=failed", Cancellation);
        using var wrongId = await gateway.Operator.PostAsJsonAsync("/operator/payments/x/settle", new { }, Cancellation);

        await anonymous.AssertErrorAsync(401, "unauthorized", Cancellation);
        await elsewhere.AssertErrorAsync(404, "not_found", Cancellation);
        await other.AssertErrorAsync(400, "validation_failed", Cancellation);
        await wrongId.AssertErrorAsync(400, "validation_failed", Cancellation);
        Assert.Empty(payments.Seen);
    }

    private TestGateway StartGateway(StubService payments) => TestGateway.Start(
        fixture.Database,
        new Dictionary<string, string?>(fixture.Settings) { ["services:payments:http:0"] = payments.Address });
}
