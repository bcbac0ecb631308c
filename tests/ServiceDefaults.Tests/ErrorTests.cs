using System.Net;
using System.Text;
using System.Text.Json;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Npgsql;

namespace ArdorQr.ServiceDefaults.Tests;

public sealed class ErrorTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    internal sealed record Body
    {
        public required string Name { get; init; }

        public long? AmountMinor { get; init; }
    }

    [Theory]
    [InlineData("GET", "/nowhere", null, null, 404, "not_found", null)]
    [InlineData("DELETE", "/echo", null, null, 405, "method_not_allowed", null)]
    [InlineData("POST", "/throw", null, null, 500, "internal_error", null)]
    [InlineData("POST", "/database-away", null, null, 503, "service_unavailable", null)]
    [InlineData("POST", "/echo", "{", "application/json", 400, "bad_json", null)]
    [InlineData("POST", "/echo", "", "application/json", 400, "bad_json", null)]
    [InlineData("POST", "/echo", "null", "application/json", 400, "bad_json", null)]
    [InlineData("POST", "/echo", "{\"name\":\"a\"}", "text/plain", 415, "unsupported_media_type", null)]
    [InlineData("POST", "/echo", "{}", "application/json", 400, "validation_failed", "name")]
    [InlineData("POST", "/echo", "{\"name\":1}", "application/json", 400, "validation_failed", "name")]
    [InlineData("POST", "/echo", "{\"name\":\"a\",\"amountMinor\":\"1\"}", "application/json", 400, "validation_failed", "amountMinor")]
    [InlineData("POST", "/echo", "{\"name\":\"a\",\"amountMinor\":1.5}", "application/json", 400, "validation_failed", "amountMinor")]
    [InlineData("POST", "/echo", "{\"name\":\"a\",\"Name\":\"b\"}", "application/json", 400, "validation_failed", "Name")]
    [InlineData("POST", "/echo", "{\"name\":\"a\",\"colour\":1}", "application/json", 400, "validation_failed", "colour")]
    [InlineData("POST", "/echo", "{\"name\":\"a\",\"name\":\"b\"}", "application/json", 400, "validation_failed", "name")]
    [InlineData("POST", "/echo?x=1", "{\"name\":\"a\"}", "application/json", 400, "validation_failed", "x")]
    public async Task Every_failure_is_in_the_envelope(
        string method, string path, string? body, string? type, int status, string code, string? field)
    {
        await using var service = await StartAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, type!);

        using var response = await service.Client.SendAsync(request, Token);
        var text = await response.Content.ReadAsStringAsync(Token);

        Assert.Equal(status, (int)response.StatusCode);
        using var json = JsonDocument.Parse(text);
        var error = json.RootElement.GetProperty("error");
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.Equal(response.Headers.GetValues("X-Request-Id").Single(), error.GetProperty("requestId").GetString());
        Assert.Matches("[А-я]", error.GetProperty("message").GetString()!);
        Assert.Equal(field, error.TryGetProperty("details", out var details) ? details.GetProperty("field").GetString() : null);
        Assert.DoesNotContain("secret-inside", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_over_64_KiB_is_413_with_and_without_a_length()
    {
        await using var service = await StartAsync();
        var large = Encoding.UTF8.GetBytes("{\"name\":\"" + new string('a', JsonBody.MaxBytes) + "\"}");
        foreach (HttpContent content in new HttpContent[] { new ByteArrayContent(large), new StreamContent(new Unsized(large)) })
        {
            content.Headers.ContentType = new("application/json");
            using var response = await service.Client.PostAsync(new Uri("/echo", UriKind.Relative), content, Token);
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        }
    }

    [Theory]
    [InlineData("", 20, null)]
    [InlineData("?limit=100", 100, null)]
    [InlineData("?limit=0", null, null)]
    [InlineData("?limit=101", null, null)]
    [InlineData("?limit=abc", null, null)]
    [InlineData("?limit=1&limit=2", null, null)]
    [InlineData("?before=2026-06-19T15:00:00.123456%2B03:00", 20, "2026-06-19T12:00:00.123456Z")]
    [InlineData("?before=2026-06-19T15:00:00+03:00", 20, "2026-06-19T12:00:00Z")]
    [InlineData("?before=2026-06-19T12:00:00", null, null)]
    [InlineData("?before=2026-06-19", null, null)]
    [InlineData("?before=yesterday", null, null)]
    public async Task A_list_takes_its_limit_and_cursor_or_says_what_is_wrong(string query, int? limit, string? before)
    {
        await using var service = await StartAsync();

        using var response = await service.Client.GetAsync(new Uri("/list" + query, UriKind.Relative), Token);
        var text = await response.Content.ReadAsStringAsync(Token);

        Assert.Equal(limit is null ? HttpStatusCode.BadRequest : HttpStatusCode.OK, response.StatusCode);
        if (limit is not null)
        {
            Assert.Equal($"{{\"limit\":{limit},\"before\":{(before is null ? "null" : $"\"{before}\"")}}}", text);
        }
    }

    private static Task<TestService> StartAsync() => TestService.StartAsync(Token, app =>
    {
        app.MapPost("/echo", async (HttpContext context, CancellationToken cancellationToken) =>
            TypedResults.Json(await JsonBody.ReadAsync<Body>(context, cancellationToken), ApiJson.Options));
        app.MapPost("/throw", IResult () => throw new InvalidOperationException("secret-inside"));
        app.MapPost("/database-away", IResult () => throw new NpgsqlException("secret-inside", new TimeoutException()));
        app.MapGet("/list", (HttpRequest request) =>
            TypedResults.Json(new { limit = ListQuery.Limit(request), before = ListQuery.Before(request) }, ApiJson.Options));
    });

    /// <summary>A stream that doesn't tell its length, so that it is sent chunked.</summary>
    private sealed class Unsized(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
