using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Identity;
using Microsoft.AspNetCore.Http;

namespace ArdorQr.Gateway.Tests;

public sealed class ProxyTests(GatewayFixture fixture)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_service_gets_a_caller_token_that_it_accepts_and_no_identity_of_the_callers_making()
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        using var client = fixture.Gateway.ClientOf(merchant.TestKey);
        var marker = $"/v1/operations?limit=7&marker={merchant.Id}";
        using var request = new HttpRequestMessage(HttpMethod.Get, marker);
        foreach (var name in new[]
        {
            "X-Merchant-Id", "X-Caller", "X-Forwarded-For", "X-Forwarded-User", "X-Request-Id", "Forwarded", "Cookie", "baggage",
        })
        {
            request.Headers.TryAddWithoutValidation(name, "forged");
        }

        using var response = await client.SendAsync(request, Cancellation);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var seen = fixture.Ledger.Seen.Single(seen => seen.Path == marker);
        var caller = CallerIdentity.Of(seen.User);
        Assert.Equal(merchant.Id, caller.MerchantId);
        Assert.Equal(merchant.TestKeyId, caller.KeyId);
        Assert.Same(Mode.Test, caller.Mode);
        Assert.Equal(["read", "pay", "keys", "webhooks"], caller.Rights);
        Assert.DoesNotContain(seen.Headers, header => header.Value.ToString().Contains("forged", StringComparison.Ordinal));
        Assert.DoesNotContain(seen.Headers, header => header.Value.ToString().Contains(merchant.TestKey, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Body_and_idempotency_key_go_through_and_the_answer_comes_back()
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        using var client = fixture.Gateway.ClientOf(merchant.LiveKey);
        client.DefaultRequestHeaders.Add("Idempotency-Key", $"{merchant.Id}");
        using var response = await client.PostAsJsonAsync("/v1/payments", new { qr = "проверка" }, Cancellation);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var seen = fixture.Payments.Seen.Single(seen => seen.Headers["Idempotency-Key"] == $"{merchant.Id}");
        Assert.Equal("""{"qr":"\u043F\u0440\u043E\u0432\u0435\u0440\u043A\u0430"}""", seen.Body);
        Assert.Same(Mode.Live, CallerIdentity.Of(seen.User).Mode);
    }

    [Fact]
    public async Task Each_request_starts_a_trace_of_ours_that_the_service_continues()
    {
        const string foreignTrace = "0af7651916cd43dd8448eb211c80319c";
        var linked = new ConcurrentDictionary<string, string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Microsoft.AspNetCore",
            ActivityStopped = activity => activity.Links.ToList().ForEach(link =>
                linked[activity.TraceId.ToHexString()] = link.Context.TraceId.ToHexString()),
        };
        ActivitySource.AddActivityListener(listener);
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        using var handler = new SocketsHttpHandler { ActivityHeadersPropagator = null }; // Else the header would be the test's own.
        using var client = new HttpClient(handler) { BaseAddress = fixture.Gateway.Anonymous.BaseAddress };
        client.DefaultRequestHeaders.Authorization = new("Bearer", merchant.TestKey);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/balance?marker={merchant.Id}");
        request.Headers.Add("traceparent", $"00-{foreignTrace}-b7ad6b7169203331-01");
        request.Headers.Add("baggage", "merchant=forged");
        using var response = await client.SendAsync(request, Cancellation);

        var requestId = Assert.Single(response.Headers.GetValues("X-Request-Id"));
        var seen = fixture.Ledger.Seen.Single(seen => seen.Path.Contains($"{merchant.Id}", StringComparison.Ordinal));
        Assert.Equal(requestId, seen.TraceId);
        Assert.NotEqual(foreignTrace, requestId);
        Assert.DoesNotContain(seen.Headers, header => header.Value.ToString().Contains(foreignTrace, StringComparison.Ordinal));
        Assert.DoesNotContain(seen.Headers, header => header.Value.ToString().Contains("forged", StringComparison.Ordinal));
        Assert.True(SpinWait.SpinUntil(() => linked.ContainsKey(requestId), TimeSpan.FromSeconds(10)));
        Assert.Equal(foreignTrace, linked[requestId]);
    }

    [Theory]
    [InlineData("/v1/test/qr-codes")] // Nothing listens there.
    [InlineData("/v1/deposits")] // Nobody knows where it is.
    public async Task A_service_that_is_away_is_502_or_503_in_the_envelope(string path)
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        using var client = fixture.Gateway.ClientOf(merchant.TestKey);
        using var response = await client.GetAsync(path, Cancellation);

        await response.AssertErrorAsync(
            response.StatusCode == HttpStatusCode.BadGateway ? 502 : 503, "service_unavailable", Cancellation);
    }

    [Fact]
    public async Task A_connection_that_breaks_before_an_answer_is_502_in_the_envelope()
    {
        await using var broken = await StubService.StartAsync("ledger", Cancellation);
        broken.Answer = context =>
        {
            context.Abort();
            return Task.CompletedTask;
        };
        await using var gateway = StartWith("ledger", broken);
        var merchant = await gateway.RegisterAsync(Cancellation);
        using var client = gateway.ClientOf(merchant.TestKey);
        using var response = await client.GetAsync("/v1/balance", Cancellation);

        await response.AssertErrorAsync(502, "service_unavailable", Cancellation);
    }

    [Fact]
    public async Task A_service_that_does_not_answer_in_time_is_504_in_the_envelope()
    {
        await using var slow = await StubService.StartAsync("ledger", Cancellation);
        slow.Answer = context => Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
        await using var gateway = StartWith("ledger", slow, ("ReverseProxy:Clusters:ledger:HttpRequest:ActivityTimeout", "00:00:00.2"));
        var merchant = await gateway.RegisterAsync(Cancellation);
        using var client = gateway.ClientOf(merchant.TestKey);
        using var response = await client.GetAsync("/v1/balance", Cancellation);

        await response.AssertErrorAsync(504, "service_unavailable", Cancellation);
    }

    [Theory]
    [InlineData(500, "text/html", "<h1>System.NullReferenceException at /srv/ledger</h1>", "internal_error")]
    [InlineData(400, null, "", "validation_failed")]
    [InlineData(404, "text/plain", "nginx", "not_found")]
    [InlineData(503, "text/plain", "upstream", "service_unavailable")]
    public async Task A_failure_that_no_service_of_ours_wrote_is_in_the_envelope_and_its_text_stays_inside(
        int status, string? type, string text, string code)
    {
        await using var odd = await StubService.StartAsync("ledger", Cancellation);
        odd.Answer = async context =>
        {
            (context.Response.StatusCode, context.Response.ContentType) = (status, type);
            context.Response.Headers["X-Internal"] = "ledger-7";
            context.Response.ContentLength = Encoding.UTF8.GetByteCount(text);
            await context.Response.WriteAsync(text, Cancellation);
        };
        await using var gateway = StartWith("ledger", odd);
        var merchant = await gateway.RegisterAsync(Cancellation);
        using var client = gateway.ClientOf(merchant.TestKey);
        using var response = await client.GetAsync("/v1/balance", Cancellation);

        await response.AssertErrorAsync(status, code, Cancellation);
        Assert.False(response.Headers.Contains("X-Internal"));
    }

    [Fact]
    public async Task A_service_that_refuses_our_token_is_our_fault_and_not_the_keys()
    {
        await using var refusing = await StubService.StartAsync("ledger", Cancellation);
        refusing.Answer = async context =>
        {
            context.Response.StatusCode = 401;
            await context.Response.WriteAsync("internal reason", Cancellation);
        };
        await using var gateway = StartWith("ledger", refusing);
        var merchant = await gateway.RegisterAsync(Cancellation);
        using var client = gateway.ClientOf(merchant.TestKey);
        using var response = await client.GetAsync("/v1/balance", Cancellation);

        await response.AssertErrorAsync(500, "internal_error", Cancellation);
        Assert.Empty(response.Headers.WwwAuthenticate);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_over_64_KiB_is_413(bool chunked)
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        using var client = fixture.Gateway.ClientOf(merchant.TestKey);
        foreach (var path in new[] { "/v1/payments", "/v1/keys" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path)
            {
                Content = new StringContent($"\"{new string('x', 64 * 1024)}\"", Encoding.UTF8, "application/json"),
            };
            request.Headers.TransferEncodingChunked = chunked;
            using var response = await client.SendAsync(request, Cancellation);
            await response.AssertErrorAsync(413, "body_too_large", Cancellation);
        }
    }

    [Fact]
    public async Task Unknown_paths_and_wrong_methods_are_in_the_envelope()
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        using var client = fixture.Gateway.ClientOf(merchant.TestKey);

        using var unknown = await client.GetAsync("/v1/wallets", Cancellation);
        await unknown.AssertErrorAsync(404, "not_found", Cancellation);
        using var outside = await fixture.Gateway.Anonymous.GetAsync("/wp-admin.php", Cancellation);
        await outside.AssertErrorAsync(404, "not_found", Cancellation);
        using var inner = await fixture.Gateway.Anonymous.GetAsync("/internal/endpoints/1/test", Cancellation);
        await inner.AssertErrorAsync(404, "not_found", Cancellation);
        using var method = await client.DeleteAsync("/v1/account", Cancellation);
        await method.AssertErrorAsync(405, "method_not_allowed", Cancellation);
    }

    [Fact]
    public async Task A_rail_calls_back_without_a_key_and_within_16_KiB()
    {
        using var small = new HttpRequestMessage(HttpMethod.Post, "/rail/callbacks/sandbox");
        small.Content = JsonContent.Create(new { transferId = "small" });
        small.Headers.Add("X-Rail-Signature", "t=1,v1=00");
        small.Headers.Add("Authorization", "Bearer forged");
        using var taken = await fixture.Gateway.Anonymous.SendAsync(small, Cancellation);
        Assert.Equal(HttpStatusCode.OK, taken.StatusCode);
        var seen = fixture.Payments.Seen.Single(seen =>
            seen.Path == "/rail/callbacks/sandbox" && seen.Body.Contains("small", StringComparison.Ordinal));
        Assert.Equal("t=1,v1=00", seen.Headers["X-Rail-Signature"]);
        Assert.False(seen.Headers.ContainsKey("Authorization"));

        using var large = await fixture.Gateway.Anonymous.PostAsJsonAsync(
            "/rail/callbacks/sandbox", new { text = new string('x', 16 * 1024) }, Cancellation);
        await large.AssertErrorAsync(413, "body_too_large", Cancellation);
    }

    private TestGateway StartWith(string service, StubService stub, params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string?>(fixture.Settings) { [$"services:{service}:http:0"] = stub.Address };
        foreach (var (name, value) in settings)
        {
            all[name] = value;
        }

        return TestGateway.Start(fixture.Database, all);
    }
}
