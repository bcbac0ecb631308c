using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace ArdorQr.Gateway.Tests;

/// <summary>A payment that the rail has contradicted, from the operator's side.</summary>
public sealed class ContradictedPaymentTests(GatewayFixture fixture)
{
    private const string Id = "01900000-0000-7000-8000-000000000001";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_is_cleared_with_a_reason_and_on_record()
    {
        await using var payments = await StubService.StartAsync("payments", Cancellation);
        payments.Answer = context => context.Response.WriteAsJsonAsync(new { id = Id });
        await using var gateway = TestGateway.Start(
            fixture.Database,
            new Dictionary<string, string?>(fixture.Settings) { ["services:payments:http:0"] = payments.Address });

        using var silent = await gateway.Operator.PostAsJsonAsync($"/operator/payments/{Id}/clear", new { reason = " " }, Cancellation);
        using var cleared = await gateway.Operator.PostAsJsonAsync($"/operator/payments/{Id}/clear", new { reason = "settled" }, Cancellation);

        await silent.AssertErrorAsync(400, "validation_failed", Cancellation);
        Assert.Equal($$"""{"id":"{{Id}}"}""", await cleared.Content.ReadAsStringAsync(Cancellation));
        var seen = Assert.Single(payments.Seen);
        Assert.Equal(("POST", $"/internal/payments/{Id}/clear", """{"reason":"settled"}"""), (seen.Method, seen.Path, seen.Body));
        var record = await gateway.Operator.GetFromJsonAsync<JsonElement>("/operator/audit?limit=2", Cancellation);
        Assert.Equal(
            ["payment.clear", "payment.clear.begin"],
            record.GetProperty("entries").EnumerateArray().Select(entry => entry.GetProperty("action").GetString()));
    }
}
