using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ArdorQr.Webhooks.Tests;

/// <summary>What was wrong with a signature, told from what the receiver got.</summary>
public sealed class ExplainTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_way_to_spoil_a_webhook_is_told_from_the_others()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        var secret = (await host.ConfigureAsync(Token))!;
        await host.OweAsync(Token);
        await host.DeliverDueAsync(Token);
        var received = await host.Receiver.NextAsync(Token);
        var body = Encoding.UTF8.GetString(received.Body);
        var signature = received.Header("X-Ardor-Signature");
        var other = JsonNode.Parse(body)!;
        other["type"] = "payment.failed";
        var tampered = signature[..^1] + (signature[^1] == '0' ? '1' : '0');
        (string Case, string? Signature, string Body, string? Secret, string Verdict)[] cases =
        [
            ("untouched", signature, body, null, "valid"),
            ("its secret", signature, body, secret, "valid"),
            ("no header", null, body, null, "header_missing"),
            ("half a header", "v1=abc", body, null, "header_malformed"),
            ("another's secret", signature, body, "whsec_other", "wrong_secret"),
            ("no prefix", signature, body, secret["whsec_".Length..], "wrong_secret"),
            ("a line break at its end", signature, body, secret + "\n", "wrong_secret"),
            ("parsed and made anew", signature,
                JsonNode.Parse(body)!.ToJsonString(new JsonSerializerOptions { WriteIndented = true }), null,
                "reserialized_json"),
            ("escaped", signature, JsonNode.Parse(body)!.ToJsonString(), null, "reserialized_json"),
            ("a byte order mark", signature, "\uFEFF" + body, null, "reserialized_json"),
            ("another member", signature, other.ToJsonString(), null, "changed_body"),
            ("cut", signature, body[..^5], null, "changed_body"),
            ("empty", signature, "", null, "changed_body"),
            ("forged", tampered, body, null, "wrong_secret"),
        ];
        foreach (var (name, header, sent, given, verdict) in cases)
        {
            var answer = await ExplainAsync(host, header, received.Header("X-Ardor-Event-Id"), sent, given);

            Assert.Equal((name, verdict), (name, answer.GetProperty("verdict").GetString()));
            Assert.Matches("[а-я]", answer.GetProperty("message").GetString()!);
            Assert.Equal(verdict == "valid", answer.GetProperty("advice").ValueKind == JsonValueKind.Null);
            Assert.DoesNotContain(secret, answer.GetRawText(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_right_signature_of_another_time_is_a_matter_of_clocks()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        await host.OweAsync(Token);
        await host.DeliverDueAsync(Token);
        var received = await host.Receiver.NextAsync(Token);
        var at = TimeProvider.System.GetUtcNow().AddMinutes(-10);

        var (_, answer) = await host.PostAsync("/v1/webhooks/explain", new
        {
            headers = new Dictionary<string, string> { ["x-ardor-signature"] = received.Header("X-Ardor-Signature") },
            body = Encoding.UTF8.GetString(received.Body),
            receivedAt = at,
        }, Token);

        Assert.Equal("clock_skew", answer.GetProperty("verdict").GetString());
        Assert.InRange(answer.GetProperty("details").GetProperty("ageSeconds").GetInt64(), -610, -590);
    }

    [Fact]
    public async Task After_a_rotation_it_is_told_which_secret_is_used()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        var old = await host.ConfigureAsync(Token);
        await host.ConfigureAsync(Token, rotateSecret: true);
        await host.OweAsync(Token);
        await host.DeliverDueAsync(Token);
        var received = await host.Receiver.NextAsync(Token);

        var answer = await ExplainAsync(
            host, received.Header("X-Ardor-Signature"), null, Encoding.UTF8.GetString(received.Body), old);

        Assert.Equal("valid", answer.GetProperty("verdict").GetString());
        Assert.Equal("previous", answer.GetProperty("details").GetProperty("matchedSecret").GetString());
    }

    [Fact]
    public async Task Anothers_event_is_unknown()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        var stranger = WebhooksHost.NewId();
        var eventId = await host.OweAsync(Token, stranger);
        var forged = $"t=1,v1={Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32))}";

        var answer = await ExplainAsync(host, forged, eventId.ToString(), "{}", null);

        Assert.Equal("unknown", answer.GetProperty("verdict").GetString());
        Assert.False(answer.GetProperty("details").GetProperty("eventKnown").GetBoolean());
    }

    [Fact]
    public async Task Explaining_needs_headers_a_body_and_some_secret()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        var headers = new Dictionary<string, string>();

        foreach (var body in new object[]
        {
            new { body = "{}" }, new { headers }, new { headers = (string?)null, body = "{}" },
            new { headers, body = "{}", secret = "" },
            new { headers = new { a = (string?)null }, body = "{}" },
            new { headers, body = "{}", receivedAt = "now", secret = "whsec_a" },
        })
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await host.PostAsync("/v1/webhooks/explain", body, Token)).Status);
        }

        Assert.Equal(HttpStatusCode.Conflict,
            (await host.PostAsync("/v1/webhooks/explain", new { headers, body = "{}" }, Token)).Status);
    }

    private static async Task<JsonElement> ExplainAsync(
        WebhooksHost host, string? signature, string? eventId, string body, string? secret)
    {
        var headers = new Dictionary<string, string> { ["content-type"] = "application/json" };
        if (signature is not null)
        {
            headers["x-ardor-signature"] = signature;
        }

        if (eventId is not null)
        {
            headers["X-Ardor-Event-Id"] = eventId;
        }

        var (status, answer) = await host.PostAsync("/v1/webhooks/explain", new { headers, body, secret }, Token);
        Assert.Equal(HttpStatusCode.OK, status);
        return answer;
    }
}
