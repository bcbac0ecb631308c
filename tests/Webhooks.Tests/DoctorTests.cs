using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace ArdorQr.Webhooks.Tests;

/// <summary>The doctor's lines over plain HTTP; those on certificates are in <see cref="TlsTests"/>.</summary>
public sealed class DoctorTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_receiver_that_checks_signatures_and_times_is_healthy_and_nothing_is_on_record()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        var secret = await host.ConfigureAsync(Token);
        host.Receiver.Answering = context =>
            AnswerAsync(context, IsRight(context, secret!) && IsFresh(context) ? 200 : 401);

        var (status, answer) = await DiagnoseAsync(host);

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.True(answer.GetProperty("healthy").GetBoolean());
        Assert.Equal(host.Receiver.Url, answer.GetProperty("url").GetString());
        Assert.Equal(
            "dns ok, connection ok, tls warning, certificate_expiry skipped, response ok, redirect ok, latency ok, signature ok, replay ok",
            Lines(answer));
        Assert.Empty(await host.DeliveriesAsync(Token));
    }

    [Fact]
    public async Task A_receiver_that_takes_everything_is_told_so_with_advice()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);

        var (_, answer) = await DiagnoseAsync(host);

        Assert.False(answer.GetProperty("healthy").GetBoolean());
        Assert.EndsWith("signature failed, replay warning", Lines(answer), StringComparison.Ordinal);
        Assert.All(
            answer.GetProperty("checks").EnumerateArray()
                .Where(line => line.GetProperty("status").GetString() is "failed" or "warning"),
            line => Assert.Matches("[а-я]{5}", line.GetProperty("advice").GetString()!));
    }

    [Theory]
    [InlineData(302, "response failed, redirect failed, latency ok, signature skipped, replay skipped")]
    [InlineData(401, "response failed, redirect ok, latency ok, signature skipped, replay skipped")]
    [InlineData(500, "response failed, redirect ok, latency ok, signature skipped, replay skipped")]
    public async Task A_receiver_that_takes_nothing_is_told_why(int status, string lines)
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        host.Receiver.Answering = context => AnswerAsync(context, status, "secret of an inner host");

        var (_, answer) = await DiagnoseAsync(host);

        Assert.EndsWith(lines, Lines(answer), StringComparison.Ordinal);
        Assert.DoesNotContain("secret of an inner host", answer.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_listening_is_told_and_an_endpoint_that_says_gone_to_the_doctor_stays_enabled()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        var closed = await Receiver.StartAsync(Token);
        await closed.DisposeAsync();
        await host.ConfigureAsync(Token, closed.Url);
        Assert.StartsWith("dns ok, connection failed, tls warning", Lines((await DiagnoseAsync(host)).Answer),
            StringComparison.Ordinal);

        await host.ConfigureAsync(Token);
        host.Receiver.AnswerWith(410);
        await DiagnoseAsync(host);

        Assert.True((await host.EndpointAsync(Token)).GetProperty("webhookEnabled").GetBoolean());
    }

    [Fact]
    public async Task A_url_that_the_rules_refuse_by_now_is_not_called()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        var other = $"http://127.1:{host.Receiver.Address.Port}/hooks";
        await host.ExecuteAsync("UPDATE webhooks.endpoint SET url = @other", new { other }, Token);

        var (_, answer) = await DiagnoseAsync(host);

        Assert.StartsWith("dns failed", Lines(answer), StringComparison.Ordinal);
        Assert.Equal(0, host.Receiver.Count);
    }

    [Fact]
    public async Task Without_an_endpoint_there_is_nothing_to_look_at()
    {
        await using var host = await WebhooksHost.StartAsync(Token);

        var (status, answer) = await DiagnoseAsync(host);

        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Equal("webhook_not_configured", answer.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task The_tools_together_are_limited_per_merchant_and_mode()
    {
        await using var host = await WebhooksHost.StartAsync(
            Token, settings: new Dictionary<string, string?> { ["Webhooks:MaxToolUsesPerMinute"] = "3" });
        await host.ConfigureAsync(Token);
        await host.OweAsync(Token);
        var delivery = (await host.DeliveryAsync(Token)).GetProperty("id").GetString();
        (string Path, object Body)[] tools =
        [
            ("test", new { type = "payment.failed" }), ("recover", new { since = TimeProvider.System.GetUtcNow() }),
            ("doctor", new { }),
            ($"deliveries/{delivery}/resend", new { }),
        ];
        var calls = tools.Concat(tools).Take(7).ToList(); // More than two minutes allow, should one end in between.
        var statuses = new List<HttpStatusCode>();
        foreach (var (path, body) in calls)
        {
            statuses.Add((await host.PostAsync($"/v1/webhooks/{path}", body, Token)).Status);
        }

        Assert.Equal([HttpStatusCode.Accepted, HttpStatusCode.Accepted], statuses[..2]);
        Assert.Contains(HttpStatusCode.TooManyRequests, statuses);
        var other = host.ClientOf(Testing.TestIdentity.Caller(WebhooksHost.NewId(), Contracts.Mode.Test));
        Assert.Equal(
            HttpStatusCode.Conflict, (await host.PostAsync("/v1/webhooks/doctor", new { }, Token, other)).Status);
    }

    internal static Task<(HttpStatusCode Status, JsonElement Answer)> DiagnoseAsync(WebhooksHost host) =>
        host.PostAsync("/v1/webhooks/doctor", new { }, Token);

    internal static string Lines(JsonElement answer) => string.Join(", ", answer.GetProperty("checks").EnumerateArray()
        .Select(line => $"{line.GetProperty("name").GetString()} {line.GetProperty("status").GetString()}"));

    private static Task AnswerAsync(HttpContext context, int status, string body = "")
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsync(body);
    }

    private static bool IsRight(HttpContext context, string secret) =>
        SignatureCheck.Matches(context.Request.Headers["X-Ardor-Signature"].ToString(), Receiver.BodyOf(context),
            secret).Contains(true);

    private static bool IsFresh(HttpContext context) =>
        TimeProvider.System.GetUtcNow() - SignatureCheck.TimeOf(
            context.Request.Headers["X-Ardor-Signature"].ToString()) < TimeSpan.FromMinutes(5);
}
