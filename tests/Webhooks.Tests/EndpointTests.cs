using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Contracts.Events;
using ArdorQr.ServiceDefaults.Identity;

namespace ArdorQr.Webhooks.Tests;

/// <summary>Setting an endpoint up, and what its own answers do to it.</summary>
public sealed class EndpointTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_secret_is_shown_at_the_first_set_up_and_on_rotation_only_and_is_unreadable_at_rest()
    {
        await using var host = await WebhooksHost.StartAsync(Token);

        var first = await host.ConfigureAsync(Token);
        Assert.Matches("^whsec_[A-Za-z0-9_-]{43}$", first!);
        Assert.Null(await host.ConfigureAsync(Token));
        using (var nowhere = await host.PutAsync(new { url = (string?)null }, Token))
        {
            Assert.Equal(HttpStatusCode.OK, nowhere.StatusCode);
        }

        Assert.Null(await host.ConfigureAsync(Token));
        Assert.NotEqual(first, await host.ConfigureAsync(Token, rotateSecret: true));

        var stored = await host.ScalarAsync<string>(
            "SELECT encode(previous_secret, 'escape') || row_to_json(endpoint)::text FROM webhooks.endpoint", null,
            Token);
        Assert.DoesNotContain("whsec_", stored, StringComparison.Ordinal);
        Assert.DoesNotContain(first!["whsec_".Length..], stored, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_answer_and_the_reading_have_the_agreed_shape()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        Assert.Equal("""{"webhookUrl":null,"webhookEnabled":false}""", (await host.EndpointAsync(Token)).GetRawText());

        using var response = await host.PutAsync(new { url = host.Receiver.Url, enabled = false }, Token);

        var body = await response.Content.ReadFromJsonAsync<JsonElement>(Token);
        Assert.Equal(["webhookUrl", "webhookEnabled", "secret"], body.EnumerateObject().Select(member => member.Name));
        Assert.Equal(host.Receiver.Url, body.GetProperty("webhookUrl").GetString());
        Assert.False(body.GetProperty("webhookEnabled").GetBoolean());
        Assert.Equal(
            $$"""{"webhookUrl":"{{host.Receiver.Url}}","webhookEnabled":false}""", (await host.EndpointAsync(Token))
                .GetRawText());
        Assert.Equal("""{"webhookUrl":null,"webhookEnabled":false}""", (await host.EndpointAsync(Token, Mode.Live))
            .GetRawText());
    }

    [Fact]
    public async Task A_wrong_body_is_refused_with_its_code_and_changes_nothing()
    {
        (string Body, int Status, string Code)[] cases =
        [
            ("{}", 400, "validation_failed"),
            ("""{"enabled":true}""", 400, "validation_failed"),
            ("""{"url":1}""", 400, "validation_failed"),
            ("""{"url":null,"enabled":null}""", 400, "validation_failed"),
            ("""{"url":null,"rotateSecret":"yes"}""", 400, "validation_failed"),
            ("""{"url":null,"URL":null}""", 400, "validation_failed"),
            ("""{"url":null,"url":null}""", 400, "validation_failed"),
            ("null", 400, "bad_json"),
            ("{", 400, "bad_json"),
            ("", 400, "bad_json"),
            ("""{"url":"example.ru"}""", 422, "webhook_url_invalid"),
            ("""{"url":""}""", 422, "webhook_url_invalid"),
            ("""{"url":"https://u:p@example.ru/"}""", 422, "webhook_url_invalid"),
            ("""{"url":"https://10.0.0.1/"}""", 422, "webhook_url_forbidden"),
            ("""{"url":"http://[::ffff:169.254.169.254]/"}""", 422, "webhook_url_forbidden"),
            ("""{"url":"http://0x7f000001:5000/"}""", 422, "webhook_url_forbidden"),
        ];
        await using var host = await WebhooksHost.StartAsync(Token);
        foreach (var (body, status, code) in cases)
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/json");

            using var response = await host.Gateway().PutAsync(
                new Uri($"/internal/endpoints/{host.MerchantId}/test", UriKind.Relative), content, Token);

            var answer = await response.Content.ReadFromJsonAsync<JsonElement>(Token);
            Assert.Equal((body, status, code),
                (body, (int)response.StatusCode, answer.GetProperty("error").GetProperty("code").GetString()));
        }

        Assert.Equal("""{"webhookUrl":null,"webhookEnabled":false}""", (await host.EndpointAsync(Token)).GetRawText());
    }

    [Fact]
    public async Task Only_a_service_with_the_scope_may_configure()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        var address = new Uri($"/internal/endpoints/{host.MerchantId}/test", UriKind.Relative);

        using var otherScope = await host.Gateway("ledger:read").GetAsync(address, Token);
        using var merchant = await host.Merchant().GetAsync(address, Token);

        Assert.Equal(HttpStatusCode.Forbidden, otherScope.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, merchant.StatusCode);
    }

    [Fact]
    public async Task Gone_disables_the_endpoint_pauses_what_is_pending_and_tells_it_once()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        host.Receiver.AnswerWith(410);
        await host.OweAsync(Token);
        await host.OweAsync(Token);

        await host.DeliverDueAsync(Token);
        await host.MakeDueAsync(Token);

        Assert.Equal(0, await host.DeliverDueAsync(Token));
        Assert.False((await host.EndpointAsync(Token)).GetProperty("webhookEnabled").GetBoolean());
        Assert.All(await host.DeliveriesAsync(Token), delivery =>
            Assert.Equal("pending", delivery.GetProperty("status").GetString()));
        Assert.True(await host.Harness.Published.Any<WebhookEndpointDisabled>(
            published => published.Context.Message is { Reason: "gone" } disabled
                && disabled.MerchantId == host.MerchantId, Token));
        Assert.Single(host.Harness.Published.Select<WebhookEndpointDisabled>(Token));

        host.Receiver.AnswerWith(200);
        await host.ConfigureAsync(Token);
        Assert.Equal(2, await host.DeliverDueAsync(Token));
    }

    [Fact]
    public async Task An_answer_to_an_attempt_begun_before_a_change_of_url_cannot_disable_the_new_one()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await using var old = await Receiver.StartAsync(Token);
        old.AnswerWith(410);
        await host.ConfigureAsync(Token, old.Url);
        await host.OweAsync(Token);
        var claim = Assert.Single(await host.ClaimAsync(Token));

        await host.ConfigureAsync(Token);
        await host.AttemptAsync(claim, Token);

        Assert.True((await host.EndpointAsync(Token)).GetProperty("webhookEnabled").GetBoolean());
        Assert.Equal(old.Url, (await host.DeliveryAsync(Token)).GetProperty("url").GetString());
        await host.MakeDueAsync(Token);
        Assert.Equal(1, await host.DeliverDueAsync(Token));
        Assert.Equal(host.Receiver.Url, (await host.DeliveryAsync(Token)).GetProperty("url").GetString());
    }

    [Theory]
    [InlineData(119, true)]
    [InlineData(121, false)]
    public async Task Nothing_but_failures_for_120_hours_disable_an_endpoint(int hours, bool isEnabled)
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        host.Receiver.AnswerWith(500);
        await host.OweAsync(Token);
        await host.DeliverDueAsync(Token);
        await host.ExecuteAsync(
            "UPDATE webhooks.endpoint SET failing_since = failing_since - make_interval(hours => @hours)",
            new { hours }, Token);

        await host.MakeDueAsync(Token);
        await host.DeliverDueAsync(Token);

        Assert.Equal(isEnabled, (await host.EndpointAsync(Token)).GetProperty("webhookEnabled").GetBoolean());
    }

    [Fact]
    public async Task A_success_ends_the_time_of_failures_and_silence_never_disables()
    {
        await using var host = await WebhooksHost.StartAsync(Token);
        await host.ConfigureAsync(Token);
        host.Receiver.AnswerWith(500);
        await host.OweAsync(Token);
        await host.DeliverDueAsync(Token);
        await host.ExecuteAsync(
            "UPDATE webhooks.endpoint SET failing_since = failing_since - interval '200 hours'", null, Token);
        host.Receiver.AnswerWith(200);
        await host.MakeDueAsync(Token);
        await host.DeliverDueAsync(Token);

        host.Receiver.AnswerWith(500);
        await host.OweAsync(Token);
        await host.DeliverDueAsync(Token);

        Assert.True((await host.EndpointAsync(Token)).GetProperty("webhookEnabled").GetBoolean());
    }
}
