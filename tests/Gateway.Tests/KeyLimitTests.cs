using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Identity;

namespace ArdorQr.Gateway.Tests;

/// <summary>What a key may be limited to at its issue, and that it is held to it.</summary>
public sealed class KeyLimitTests(GatewayFixture fixture)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory] // permissions, method, path, passes
    [InlineData("read", "GET", "/v1/balance", true)]
    [InlineData("read", "POST", "/v1/payments", false)]
    [InlineData("read", "POST", "/v1/payments/0198c0de-7c1a-7b6e-9d42-5a1f0c3e8b11/preview", true)]
    [InlineData("read", "POST", "/v1/payments/0198c0de-7c1a-7b6e-9d42-5a1f0c3e8b11/confirm", false)]
    [InlineData("read", "GET", "/v1/keys", false)]
    [InlineData("read", "GET", "/v1/webhooks/deliveries", true)]
    [InlineData("read", "POST", "/v1/webhooks/test", false)]
    [InlineData("pay", "POST", "/v1/payments", true)]
    [InlineData("pay", "GET", "/v1/balance", false)]
    [InlineData("pay", "PUT", "/v1/webhooks", false)]
    [InlineData("keys", "GET", "/v1/keys", true)]
    [InlineData("webhooks", "POST", "/v1/webhooks/test", true)]
    public async Task A_key_does_what_it_has_permissions_for(string permission, string method, string path, bool passes)
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        using var client = await IssuedAsync(merchant, new { permissions = new[] { permission } });
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Content = method == "GET" ? null : JsonContent.Create(new { });
        using var response = await client.SendAsync(request, Cancellation);

        if (passes)
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
        else
        {
            var error = await response.AssertErrorAsync(403, "permission_denied", Cancellation);
            Assert.True(error.GetProperty("details").TryGetProperty("permission", out _));
        }
    }

    [Fact]
    public async Task A_key_works_from_its_addresses_only_and_says_from_where_it_was_tried()
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        using var here = await IssuedAsync(merchant, new { allowedIps = new[] { "10.0.0.0/8", "127.0.0.1" } });
        using var elsewhere = await IssuedAsync(merchant, new { allowedIps = new[] { "203.0.113.0/24" } });
        using var allowed = await here.GetAsync("/v1/balance", Cancellation);
        using var refused = await elsewhere.GetAsync("/v1/balance", Cancellation);

        Assert.Equal(HttpStatusCode.OK, allowed.StatusCode);
        var error = await refused.AssertErrorAsync(403, "permission_denied", Cancellation);
        Assert.Equal("127.0.0.1", error.GetProperty("details").GetProperty("ip").GetString());
    }

    [Fact]
    public async Task Limits_are_shown_listed_and_told_to_the_services()
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        using var live = fixture.Gateway.ClientOf(merchant.LiveKey);
        using var issued = await live.PostAsJsonAsync(
            "/v1/keys",
            new { mode = "test", permissions = new[] { "read", "pay" }, allowedIps = new[] { "127.0.0.0/8", "::1" }, maxPaymentMinor = 500, dailyLimitMinor = 2000 },
            Cancellation);
        var key = await issued.JsonAsync(Cancellation);

        Assert.Equal(HttpStatusCode.Created, issued.StatusCode);
        Assert.Equal(
            ["id", "secret", "hint", "mode", "label", "createdAt", "permissions", "allowedIps", "maxPaymentMinor", "dailyLimitMinor"],
            key.EnumerateObject().Select(member => member.Name));
        Assert.Equal("""["127.0.0.0/8","::1"]""", key.GetProperty("allowedIps").GetRawText());

        using var list = await live.GetAsync("/v1/keys", Cancellation);
        var listed = (await list.JsonAsync(Cancellation)).GetProperty("keys")[0];
        foreach (var field in new[] { "permissions", "allowedIps", "maxPaymentMinor", "dailyLimitMinor" })
        {
            Assert.Equal(key.GetProperty(field).GetRawText(), listed.GetProperty(field).GetRawText());
        }

        using var client = fixture.Gateway.ClientOf(key.GetProperty("secret").GetString()!);
        using (await client.GetAsync($"/v1/payments?marker={merchant.Id}", Cancellation))
        {
            var caller = CallerIdentity.Of(fixture.Payments.Seen.Single(
                seen => seen.Path.Contains($"{merchant.Id}", StringComparison.Ordinal)).User);
            Assert.Equal(["read", "pay"], caller.Rights);
            Assert.Equal(500, caller.Limits.MaxPayment?.Value);
            Assert.Equal((key.GetProperty("id").GetGuid(), 2000L), Assert.Single(caller.Limits.DailyBudgets) is var (id, limit) ? (id, limit.Value) : default);
        }
    }

    [Theory]
    [InlineData("""{"permissions":[]}""")]
    [InlineData("""{"permissions":["read","read"]}""")]
    [InlineData("""{"permissions":["root"]}""")]
    [InlineData("""{"permissions":[null]}""")]
    [InlineData("""{"allowedIps":[]}""")]
    [InlineData("""{"allowedIps":["10.0.0.1/8"]}""")]
    [InlineData("""{"allowedIps":["example.com"]}""")]
    [InlineData("""{"allowedIps":["1"]}""")]
    [InlineData("""{"allowedIps":[null]}""")]
    [InlineData("""{"maxPaymentMinor":0}""")]
    [InlineData("""{"maxPaymentMinor":1.5}""")]
    [InlineData("""{"dailyLimitMinor":-1}""")]
    public async Task What_is_no_limit_is_400(string body)
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        using var live = fixture.Gateway.ClientOf(merchant.LiveKey);
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var response = await live.PostAsync("/v1/keys", content, Cancellation);

        await response.AssertErrorAsync(400, "validation_failed", Cancellation);
    }

    [Fact]
    public async Task A_key_issues_only_keys_within_its_own_rights_and_passes_its_limits_on()
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        using var limited = await IssuedAsync(merchant, new
        {
            permissions = new[] { "keys", "pay" }, allowedIps = new[] { "127.0.0.0/8" }, maxPaymentMinor = 500, dailyLimitMinor = 2000,
        });
        foreach (var (body, field) in new (object, string)[]
        {
            (new { permissions = new[] { "keys", "read" } }, "permissions"),
            (new { allowedIps = new[] { "127.0.0.1", "10.0.0.1" } }, "allowedIps"),
            (new { allowedIps = new[] { "0.0.0.0/0" } }, "allowedIps"),
            (new { maxPaymentMinor = 501 }, "maxPaymentMinor"),
            (new { dailyLimitMinor = 2001 }, "dailyLimitMinor"),
        })
        {
            using var refused = await limited.PostAsJsonAsync("/v1/keys", body, Cancellation);
            var error = await refused.AssertErrorAsync(403, "permission_denied", Cancellation);
            Assert.Equal(field, error.GetProperty("details").GetProperty("field").GetString());
        }

        using var plain = await limited.PostAsync("/v1/keys", null, Cancellation);
        var inherited = await plain.JsonAsync(Cancellation);
        Assert.Equal("""["pay","keys"]""", inherited.GetProperty("permissions").GetRawText());
        Assert.Equal("""["127.0.0.0/8"]""", inherited.GetProperty("allowedIps").GetRawText());
        Assert.Equal((500, 2000), (inherited.GetProperty("maxPaymentMinor").GetInt64(), inherited.GetProperty("dailyLimitMinor").GetInt64()));
        using var smaller = await limited.PostAsJsonAsync("/v1/keys", new { allowedIps = new[] { "127.0.0.1" }, dailyLimitMinor = 7 }, Cancellation);
        Assert.Equal(7, (await smaller.JsonAsync(Cancellation)).GetProperty("dailyLimitMinor").GetInt64());
    }

    [Theory]
    [InlineData("10.0.0.0/8", "10.1.2.3", true)]
    [InlineData("10.0.0.0/8", "::ffff:10.1.2.3", true)]
    [InlineData("::ffff:10.0.0.0/104", "10.1.2.3", true)]
    [InlineData("10.0.0.1", "10.0.0.2", false)]
    [InlineData("2001:db8::/32", "2001:db8:1::1", true)]
    [InlineData("0.0.0.0/0", "2001:db8::1", false)]
    public void A_range_contains_addresses_of_its_own_family(string range, string address, bool contains) =>
        Assert.Equal(contains, AddressRange.TryParse(range)!.Value.Contains(IPAddress.Parse(address)));

    private async Task<HttpClient> IssuedAsync(NewMerchant merchant, object body)
    {
        using var live = fixture.Gateway.ClientOf(merchant.LiveKey);
        using var response = await live.PostAsJsonAsync("/v1/keys", body, Cancellation);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return fixture.Gateway.ClientOf((await response.JsonAsync(Cancellation)).GetProperty("secret").GetString()!);
    }
}
