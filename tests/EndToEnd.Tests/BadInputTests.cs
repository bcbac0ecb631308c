using System.Net;
using System.Text;
using System.Text.Json;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>What goes wrong is told in the contract's envelope, in Russian, with the trace's id, and nothing more.</summary>
[Collection(OneSystem.Name)]
public sealed class BadInputTests(RunningSystem system)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_failure_is_in_the_contracts_form()
    {
        await using var merchant = await Merchant.RegisterAsync(system, Token);
        var key = merchant.Authorization;

        await AssertErrorAsync(HttpMethod.Get, "/v1/nowhere", key, null, 404, "not_found");
        await AssertErrorAsync(HttpMethod.Get, "/nowhere", null, null, 404, "not_found");
        await AssertErrorAsync(HttpMethod.Get, "/v1/balance", null, null, 401, "unauthorized");
        await AssertErrorAsync(HttpMethod.Get, "/v1/balance", "Bearer sk_test_x", null, 401, "api_key_invalid");
        await AssertErrorAsync(HttpMethod.Delete, "/v1/balance", key, null, 405, "method_not_allowed");
        await AssertErrorAsync(HttpMethod.Post, "/v1/payments", key, "{\"qr\":", 400, "bad_json");
        await AssertErrorAsync(HttpMethod.Post, "/v1/payments", key, "{\"qr\":\"x\",\"colour\":1}", 400, "validation_failed");
        await AssertErrorAsync(HttpMethod.Post, "/v1/payments", key, "{\"qr\":\"просто текст\"}", 422, "qr_unrecognized");
        await AssertErrorAsync(HttpMethod.Get, "/v1/operations?limit=0", key, null, 400, "validation_failed");
        await AssertErrorAsync(HttpMethod.Get, "/v1/payments/not-a-uuid", key, null, 400, "validation_failed");
        await AssertErrorAsync(HttpMethod.Get, "/v1/payments/01990000-0000-7000-8000-000000000001", key, null, 404, "not_found");
        await AssertErrorAsync(HttpMethod.Post, "/v1/payments", key, $"{{\"qr\":\"{new string('a', 70_000)}\"}}", 413, "body_too_large");
    }

    private async Task AssertErrorAsync(HttpMethod method, string path, string? authorization, string? body, int status, string code)
    {
        using var client = system.CreateClient();
        using var request = new HttpRequestMessage(method, path);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        request.Headers.TryAddWithoutValidation("Authorization", authorization);

        using var response = await client.SendAsync(request, Token);
        var text = await response.Content.ReadAsStringAsync(Token);

        Assert.True((HttpStatusCode)status == response.StatusCode, $"{method} {path}: {(int)response.StatusCode} {text}");
        var error = JsonSerializer.Deserialize<JsonElement>(text).GetProperty("error");
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.Equal(response.Headers.GetValues("X-Request-Id").Single(), error.GetProperty("requestId").GetString());
        Assert.Matches("[А-я]", error.GetProperty("message").GetString()!);
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
    }
}
