using System.Net;
using System.Security.Cryptography;
using System.Text;
using ArdorQr.Contracts;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using CsCheck;
using Microsoft.Extensions.DependencyInjection;

namespace ArdorQr.Gateway.Tests;

/// <summary>How much one key and one address may ask, and what a guessing client gets.</summary>
public sealed class LimitTests(GatewayFixture fixture)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_key_past_its_limit_gets_429_and_is_told_when_to_come_back_while_others_go_on()
    {
        await using var gateway = Start(("Gateway:Limits:KeyRequests", "5"), ("Gateway:Limits:WindowSeconds", "600"));
        var (busy, quiet) = (await gateway.RegisterAsync(Cancellation), await gateway.RegisterAsync(Cancellation));
        using var client = gateway.ClientOf(busy.TestKey);
        for (var count = 1; count <= 5; count++)
        {
            using var taken = await client.GetAsync("/v1/balance", Cancellation);
            Assert.Equal(HttpStatusCode.OK, taken.StatusCode);
            Assert.Equal("5", Header(taken, "RateLimit-Limit"));
            Assert.Equal($"{5 - count}", Header(taken, "RateLimit-Remaining"));
            Assert.Equal("5;w=600", Header(taken, "RateLimit-Policy"));
            Assert.InRange(int.Parse(Header(taken, "RateLimit-Reset"), System.Globalization.CultureInfo.InvariantCulture), 1, 600);
        }

        using var refused = await client.GetAsync("/v1/balance", Cancellation);
        await refused.AssertErrorAsync(429, "rate_limited", Cancellation);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 1_200);
        Assert.Equal("0", Header(refused, "RateLimit-Remaining"));
        using var other = gateway.ClientOf(quiet.TestKey);
        using var untouched = await other.GetAsync("/v1/balance", Cancellation);
        Assert.Equal(HttpStatusCode.OK, untouched.StatusCode);
    }

    [Fact]
    public async Task A_keys_limit_holds_across_replicas()
    {
        (string, string)[] settings = [("Gateway:Limits:KeyRequests", "80"), ("Gateway:Limits:WindowSeconds", "600")];
        await using var first = Start(settings);
        await using var second = Start(settings);
        var merchant = await first.RegisterAsync(Cancellation);
        using var here = first.ClientOf(merchant.TestKey);
        using var there = second.ClientOf(merchant.TestKey);
        var taken = 0;
        for (var count = 0; count < 200; count++)
        {
            using var response = await (count % 2 == 0 ? here : there).GetAsync("/v1/balance", Cancellation);
            taken += response.StatusCode == HttpStatusCode.OK ? 1 : 0;
            if (count % 10 == 9)
            {
                await first.Services.GetRequiredService<RateUses>().ExchangeAsync(Cancellation);
                await second.Services.GetRequiredService<RateUses>().ExchangeAsync(Cancellation);
            }
        }

        Assert.InRange(taken, 80, 90); // At most what went by between two exchanges is over; alone, each would let 80 through.
    }

    [Fact]
    public async Task An_address_past_its_limit_gets_429_with_and_without_a_key_but_health_answers()
    {
        await using var gateway = Start(("Gateway:Limits:AddressRequests", "3"), ("Gateway:Limits:WindowSeconds", "600"));
        for (var count = 0; count < 3; count++)
        {
            using var taken = await gateway.Anonymous.GetAsync("/nothing", Cancellation);
            Assert.Equal(HttpStatusCode.NotFound, taken.StatusCode);
        }

        using var refused = await gateway.Anonymous.GetAsync("/openapi.json", Cancellation);
        await refused.AssertErrorAsync(429, "rate_limited", Cancellation);
        using var health = await gateway.Anonymous.GetAsync("/health/live", Cancellation);
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
    }

    [Fact]
    public async Task An_address_that_guesses_keys_has_to_wait_and_a_key_in_use_at_the_same_address_goes_on()
    {
        await using var gateway = Start(("Gateway:Limits:FailedKeysPerMinute", "5"));
        var merchant = await gateway.RegisterAsync(Cancellation);
        using var inUse = gateway.ClientOf(merchant.TestKey);
        using (var before = await inUse.GetAsync("/v1/balance", Cancellation))
        {
            Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        }

        using var random = RandomNumberGenerator.Create();
        var answers = new List<int>();
        for (var count = 0; count < 8; count++)
        {
            using var guess = gateway.ClientOf(count % 2 == 0 ? ApiKey.Issue(Mode.Live, random).Text : "sk_live_nonsense");
            using var answer = await guess.GetAsync("/v1/balance", Cancellation);
            answers.Add((int)answer.StatusCode);
            if (count == 7)
            {
                await answer.AssertErrorAsync(429, "rate_limited", Cancellation);
                Assert.InRange(answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 120);
            }
        }

        Assert.Equal([401, 401, 401, 401, 401, 429, 429, 429], answers);
        using var after = await inUse.GetAsync("/v1/balance", Cancellation);
        Assert.Equal(HttpStatusCode.OK, after.StatusCode);
    }

    [Fact]
    public async Task Forwarding_headers_are_believed_of_listed_proxies_only()
    {
        var (believed, ignored) = (Start(("Gateway:TrustedProxies:0", "127.0.0.0/8")), Start());
        await using (believed)
        await using (ignored)
        {
            var merchant = await believed.RegisterAsync(Cancellation);
            using var live = believed.ClientOf(merchant.LiveKey);
            using var issued = await live.PostAsync("/v1/keys", new StringContent("""{"allowedIps":["203.0.113.7"]}""", Encoding.UTF8, "application/json"), Cancellation);
            var key = (await issued.JsonAsync(Cancellation)).GetProperty("secret").GetString()!;

            // The rightmost address that is no proxy of ours counts; what a client writes before it doesn't.
            Assert.Equal(200, await StatusOfAsync(believed, key, "198.51.100.1, 203.0.113.7"));
            Assert.Equal(403, await StatusOfAsync(believed, key, "203.0.113.7, 198.51.100.1"));
            Assert.Equal(403, await StatusOfAsync(ignored, key, "203.0.113.7"));
        }
    }

    [Fact]
    public async Task Every_answer_tells_browsers_to_keep_off_and_CORS_is_off()
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        using var client = fixture.Gateway.ClientOf(merchant.TestKey);
        client.DefaultRequestHeaders.Add("Origin", "https://shop.example");
        foreach (var path in new[] { "/v1/balance", "/v1/unknown", "/openapi.json", "/nothing" })
        {
            using var response = await client.GetAsync(path, Cancellation);
            Assert.Equal("nosniff", Header(response, "X-Content-Type-Options"));
            Assert.Equal("DENY", Header(response, "X-Frame-Options"));
            Assert.Equal("no-referrer", Header(response, "Referrer-Policy"));
            Assert.Contains("default-src 'none'", Header(response, "Content-Security-Policy"), StringComparison.Ordinal);
            Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
            Assert.False(response.Headers.Contains("Server"));
            Assert.Equal(path.StartsWith("/v1", StringComparison.Ordinal), response.Headers.CacheControl?.NoStore == true);
        }

        using var preflight = new HttpRequestMessage(HttpMethod.Options, "/v1/balance");
        preflight.Headers.Add("Access-Control-Request-Method", "GET");
        using var refused = await client.SendAsync(preflight, Cancellation);
        Assert.False(refused.Headers.Contains("Access-Control-Allow-Origin"));
    }

    /// <param name="seed">One that once failed: the wait came out a rounding too short. Null is a new one each time.</param>
    [Theory]
    [InlineData(null)]
    [InlineData("2hXVF1BBN884")]
    public void However_requests_come_no_window_lets_through_more_than_the_limit_and_waiting_as_told_helps(string? seed)
    {
        var rule = new RateRule(10, 10);
        Gen.Double[0, 3].Array[1, 200].Sample(pauses =>
        {
            var count = new SlidingCount();
            var (now, takenAt) = (1_000_000.0, new List<double>());
            foreach (var pause in pauses)
            {
                now += pause;
                var verdict = count.Take(now, rule);
                if (verdict.IsTaken)
                {
                    takenAt.Add(now);
                }
                else
                {
                    now += verdict.RetryAfterSeconds;
                    Assert.True(count.Take(now, rule).IsTaken, "Whoever waits as told is taken.");
                    takenAt.Add(now);
                }
            }

            foreach (var window in takenAt.GroupBy(at => rule.WindowAt(at)))
            {
                Assert.InRange(window.Count(), 1, rule.Requests);
            }
        }, seed: seed);
    }

    private static string Header(HttpResponseMessage response, string name) => Assert.Single(response.Headers.GetValues(name));

    private static async Task<int> StatusOfAsync(TestGateway gateway, string key, string forwardedFor)
    {
        using var client = gateway.ClientOf(key);
        client.DefaultRequestHeaders.Add("X-Forwarded-For", forwardedFor);
        using var response = await client.GetAsync("/v1/balance", Cancellation);
        return (int)response.StatusCode;
    }

    private TestGateway Start(params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string?>(fixture.Settings);
        foreach (var (name, value) in settings)
        {
            all[name] = value;
        }

        return TestGateway.Start(fixture.Database, all);
    }
}
