using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ArdorQr.Gateway.Database;
using Microsoft.Extensions.DependencyInjection;

namespace ArdorQr.Gateway.Tests;

public sealed class KeysTests(GatewayFixture fixture)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_live_key_issues_a_live_key_by_default_and_the_secret_works_at_once()
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        using var client = fixture.Gateway.ClientOf(merchant.LiveKey);
        using var response = await client.PostAsync("/v1/keys", null, Cancellation);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var key = await response.JsonAsync(Cancellation);
        Assert.Equal(
            ["id", "secret", "hint", "mode", "label", "createdAt", "permissions", "allowedIps", "maxPaymentMinor", "dailyLimitMinor"],
            key.EnumerateObject().Select(member => member.Name));
        Assert.StartsWith("sk_live_", key.GetProperty("secret").GetString(), StringComparison.Ordinal);
        Assert.Equal("live", key.GetProperty("mode").GetString());
        Assert.Equal(JsonValueKind.Null, key.GetProperty("label").ValueKind);
        Assert.EndsWith("Z", key.GetProperty("createdAt").GetString(), StringComparison.Ordinal);

        using var fresh = fixture.Gateway.ClientOf(key.GetProperty("secret").GetString()!);
        using var used = await fresh.GetAsync("/v1/balance", Cancellation);
        Assert.Equal(HttpStatusCode.OK, used.StatusCode);
    }

    [Theory] // own mode, body, status, code
    [InlineData("live", """{"mode":"test","label":"Касса №1"}""", 201, null)]
    [InlineData("live", """{"mode":"live"}""", 201, null)]
    [InlineData("live", "{}", 201, null)]
    [InlineData("test", """{"mode":"test"}""", 201, null)]
    [InlineData("test", """{"mode":"live"}""", 403, "permission_denied")]
    [InlineData("test", "{}", 403, "permission_denied")]
    [InlineData("test", "", 403, "permission_denied")]
    [InlineData("live", """{"mode":"Live"}""", 400, "validation_failed")]
    [InlineData("live", """{"mode":1}""", 400, "validation_failed")]
    [InlineData("live", """{"label":"a\u0000b"}""", 400, "validation_failed")]
    [InlineData("live", """{"label":5}""", 400, "validation_failed")]
    [InlineData("live", """{"colour":"red"}""", 400, "validation_failed")]
    [InlineData("live", """{"mode":"live","mode":"test"}""", 400, "validation_failed")]
    [InlineData("live", "[]", 400, "validation_failed")]
    [InlineData("live", "null", 400, "bad_json")]
    [InlineData("live", "{", 400, "bad_json")]
    public async Task Issuing_follows_the_rules_of_modes_and_of_the_body(string mode, string body, int status, string? code)
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        using var client = fixture.Gateway.ClientOf(mode == "live" ? merchant.LiveKey : merchant.TestKey);
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await client.PostAsync("/v1/keys", content, Cancellation);

        if (code is null)
        {
            Assert.Equal(status, (int)response.StatusCode);
            return;
        }

        var error = await response.AssertErrorAsync(status, code, Cancellation);
        if (mode == "test" && !body.Contains("live", StringComparison.Ordinal))
        {
            Assert.Contains("\"mode\":\"test\"", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(64, 201)]
    [InlineData(65, 400)]
    public async Task A_label_is_at_most_64_characters_however_many_bytes_they_take(int length, int status)
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        using var client = fixture.Gateway.ClientOf(merchant.LiveKey);
        var label = string.Concat(Enumerable.Repeat("😀", length));
        using var response = await client.PostAsJsonAsync("/v1/keys", new { label }, Cancellation);

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task A_body_of_another_type_is_415_and_an_unknown_query_on_a_post_is_400()
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        using var client = fixture.Gateway.ClientOf(merchant.LiveKey);
        using var text = new StringContent("{}", Encoding.UTF8, "text/plain");
        using var media = await client.PostAsync("/v1/keys", text, Cancellation);
        await media.AssertErrorAsync(415, "unsupported_media_type", Cancellation);

        using var query = await client.PostAsync("/v1/keys?mode=test", null, Cancellation);
        await query.AssertErrorAsync(400, "validation_failed", Cancellation);
    }

    [Fact]
    public async Task A_live_key_lists_both_modes_newest_first_and_a_test_key_only_test_ones()
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        using var live = fixture.Gateway.ClientOf(merchant.LiveKey);
        using var test = fixture.Gateway.ClientOf(merchant.TestKey);
        using var issued = await live.PostAsJsonAsync("/v1/keys", new { mode = "test", label = "Вторая" }, Cancellation);
        var issuedId = (await issued.JsonAsync(Cancellation)).GetProperty("id").GetGuid();

        using var all = await live.GetAsync("/v1/keys", Cancellation);
        var keys = (await all.JsonAsync(Cancellation)).GetProperty("keys").EnumerateArray().ToList();
        Assert.Equal([issuedId, merchant.TestKeyId, merchant.LiveKeyId], keys.Select(key => key.GetProperty("id").GetGuid()));
        Assert.Equal(
            [
                "id", "hint", "mode", "label", "lastUsedAt", "revokedAt", "createdAt", "permissions", "allowedIps",
                "maxPaymentMinor", "dailyLimitMinor",
            ],
            keys[0].EnumerateObject().Select(member => member.Name));
        Assert.Equal("Вторая", keys[0].GetProperty("label").GetString());
        Assert.Equal($"{merchant.LiveKey[..12]}…{merchant.LiveKey[^4..]}", keys[2].GetProperty("hint").GetString());

        using var own = await test.GetAsync("/v1/keys", Cancellation);
        Assert.Equal(
            [issuedId, merchant.TestKeyId],
            (await own.JsonAsync(Cancellation)).GetProperty("keys").EnumerateArray().Select(key => key.GetProperty("id").GetGuid()));
    }

    [Fact]
    public async Task Revoking_is_idempotent_and_a_revoked_key_says_so()
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        using var live = fixture.Gateway.ClientOf(merchant.LiveKey);
        for (var time = 0; time < 2; time++)
        {
            using var response = await live.DeleteAsync($"/v1/keys/{merchant.TestKeyId}", Cancellation);
            Assert.Equal("""{"revoked":true}""", await response.Content.ReadAsStringAsync(Cancellation));
        }

        await fixture.ReachedAsync(fixture.Gateway, Cancellation);
        using var revoked = fixture.Gateway.ClientOf(merchant.TestKey);
        using var refused = await revoked.GetAsync("/v1/balance", Cancellation);
        await refused.AssertErrorAsync(401, "api_key_revoked", Cancellation);
    }

    [Fact]
    public async Task The_last_active_live_key_stays_and_of_two_only_one_can_go()
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        using var live = fixture.Gateway.ClientOf(merchant.LiveKey);
        using (var last = await live.DeleteAsync($"/v1/keys/{merchant.LiveKeyId}", Cancellation))
        {
            await last.AssertErrorAsync(409, "key_last_active", Cancellation);
        }

        using var second = await live.PostAsync("/v1/keys", null, Cancellation);
        var secondId = (await second.JsonAsync(Cancellation)).GetProperty("id").GetGuid();
        var answers = await Task.WhenAll(
            live.DeleteAsync($"/v1/keys/{merchant.LiveKeyId}", Cancellation),
            live.DeleteAsync($"/v1/keys/{secondId}", Cancellation));
        Assert.Equal([200, 409], answers.Select(answer => (int)answer.StatusCode).Order());
        Array.ForEach(answers, answer => answer.Dispose());
    }

    [Fact]
    public async Task A_test_key_may_not_revoke_a_live_one_and_nobody_sees_another_merchants()
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        var other = await fixture.Gateway.RegisterAsync(Cancellation);
        using var test = fixture.Gateway.ClientOf(merchant.TestKey);

        using var onLive = await test.DeleteAsync($"/v1/keys/{merchant.LiveKeyId}", Cancellation);
        await onLive.AssertErrorAsync(403, "permission_denied", Cancellation);
        using var onOther = await test.DeleteAsync($"/v1/keys/{other.LiveKeyId}", Cancellation);
        await onOther.AssertErrorAsync(404, "not_found", Cancellation);
        using var noId = await test.DeleteAsync("/v1/keys/latest", Cancellation);
        await noId.AssertErrorAsync(400, "validation_failed", Cancellation);
    }

    [Fact]
    public async Task The_time_of_last_use_is_written_in_batches()
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        using var client = fixture.Gateway.ClientOf(merchant.TestKey);
        using (await client.GetAsync("/v1/balance", Cancellation))
        {
            Assert.Equal(JsonValueKind.Null, (await LastUsedAsync(client)).ValueKind);
        }

        await fixture.Gateway.Services.GetRequiredService<KeyUses>().WriteAsync(Cancellation);

        Assert.Equal(JsonValueKind.String, (await LastUsedAsync(client)).ValueKind);
    }

    private static async Task<JsonElement> LastUsedAsync(HttpClient client)
    {
        using var response = await client.GetAsync("/v1/keys", Cancellation);
        return (await response.JsonAsync(Cancellation)).GetProperty("keys")[0].GetProperty("lastUsedAt");
    }
}
