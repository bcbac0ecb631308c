using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace ArdorQr.Gateway.Tests;

/// <summary>Held deposits, from the operator's side.</summary>
public sealed class HeldDepositsTests(GatewayFixture fixture)
{
    private const string Id = "01900000-0000-7000-8000-000000000001";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_list_and_a_decision_reach_deposits_and_its_words_come_back()
    {
        await using var deposits = await StubService.StartAsync("deposits", Cancellation);
        deposits.Answer = context => context.Response.WriteAsJsonAsync(new { deposits = Array.Empty<int>() });
        await using var gateway = StartGateway(deposits);

        using var list = await gateway.Operator.GetAsync("/operator/deposits?limit=5&else=1", Cancellation);
        using var decided = await gateway.Operator.PostAsJsonAsync(
            $"/operator/deposits/{Id}/decide", new { decision = "credit", reason = "checked" }, Cancellation);

        Assert.Equal("""{"deposits":[]}""", await list.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal(200, (int)decided.StatusCode);
        Assert.Equal(
            [("GET", "/internal/deposits?limit=5"), ("POST", $"/internal/deposits/{Id}/decide")],
            deposits.Seen.Select(request => (request.Method, request.Path)));
        Assert.Equal("""{"decision":"credit","reason":"checked","operator":"root"}""", deposits.Seen.Last().Body);
        var record = await gateway.Operator.GetFromJsonAsync<JsonElement>("/operator/audit?limit=2", Cancellation);
        Assert.Equal(
            ["deposit.decide", "deposit.decide.begin"],
            record.GetProperty("entries").EnumerateArray().Select(entry => entry.GetProperty("action").GetString()));
    }

    [Fact]
    public async Task A_refusal_is_passed_on_and_only_the_operator_asks()
    {
        await using var deposits = await StubService.StartAsync("deposits", Cancellation);
        deposits.Answer = context =>
        {
            context.Response.StatusCode = 409;
            return context.Response.WriteAsJsonAsync(new { error = new { code = "deposit_not_held", message = "Нет", requestId = "x" } });
        };
        await using var gateway = StartGateway(deposits);
        using var nobody = new HttpClient { BaseAddress = gateway.Operator.BaseAddress };

        using var refused = await gateway.Operator.PostAsJsonAsync($"/operator/deposits/{Id}/decide", new { decision = "credit", reason = "checked" }, Cancellation);
        using var anonymous = await nobody.PostAsJsonAsync($"/operator/deposits/{Id}/decide", new { }, Cancellation);

        await refused.AssertErrorAsync(409, "deposit_not_held", Cancellation);
        await anonymous.AssertErrorAsync(401, "unauthorized", Cancellation);
        Assert.Single(deposits.Seen);
    }

    private TestGateway StartGateway(StubService deposits) => TestGateway.Start(
        fixture.Database,
        new Dictionary<string, string?>(fixture.Settings) { ["services:deposits:http:0"] = deposits.Address });
}
