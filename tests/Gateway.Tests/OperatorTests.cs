using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ArdorQr.Contracts.Events;
using ArdorQr.Gateway.Database;
using MassTransit.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace ArdorQr.Gateway.Tests;

public sealed class OperatorTests(GatewayFixture fixture)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Registering_answers_both_keys_and_announces_the_merchant()
    {
        using var response = await fixture.Gateway.Operator.PostAsJsonAsync("/operator/merchants", new { name = "ИП Кот" }, Cancellation);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var merchant = await response.JsonAsync(Cancellation);
        Assert.Equal(["id", "name", "status", "createdAt", "keys"], merchant.EnumerateObject().Select(member => member.Name));
        Assert.Equal("ИП Кот", merchant.GetProperty("name").GetString());
        Assert.Equal("active", merchant.GetProperty("status").GetString());
        Assert.Equal(["live", "test"], merchant.GetProperty("keys").EnumerateObject().Select(member => member.Name));
        Assert.Equal(["id", "secret", "hint"], merchant.GetProperty("keys").GetProperty("test").EnumerateObject().Select(member => member.Name));
        var id = merchant.GetProperty("id").GetGuid();
        Assert.Equal(7, id.Version);

        var harness = fixture.Gateway.Services.GetRequiredService<ITestHarness>();
        Assert.True(await harness.Published.Any<MerchantRegistered>(published =>
            published.Context.Message is { Name: "ИП Кот", MerchantNumber: >= 1 } message && message.MerchantId == id, Cancellation));
    }

    [Fact]
    public async Task Suspending_and_resuming_are_announced_once_each()
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        foreach (var action in new[] { "suspend", "suspend", "resume", "resume" })
        {
            using var response = await fixture.Gateway.Operator.PostAsync($"/operator/merchants/{merchant.Id}/{action}", null, Cancellation);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        var harness = fixture.Gateway.Services.GetRequiredService<ITestHarness>();
        Assert.True(await harness.Published.Any<MerchantResumed>(
            published => published.Context.Message.MerchantId == merchant.Id, Cancellation));
        Assert.Single(
            harness.Published.Select<MerchantSuspended>(Cancellation),
            published => published.Context.Message.MerchantId == merchant.Id);
        Assert.Single(
            harness.Published.Select<MerchantResumed>(Cancellation),
            published => published.Context.Message.MerchantId == merchant.Id);
    }

    [Fact]
    public async Task The_same_request_with_an_idempotency_key_gets_the_same_bytes_again()
    {
        var key = $"{Guid.CreateVersion7(TimeProvider.System.GetUtcNow())}";
        using var first = await RegisterAsync("ООО «Раз»", key);
        using var second = await RegisterAsync("ООО «Раз»", key);

        Assert.Equal(HttpStatusCode.Created, second.StatusCode);
        Assert.Equal(await first.Content.ReadAsStringAsync(Cancellation), await second.Content.ReadAsStringAsync(Cancellation));
        Assert.False(first.Headers.Contains("Idempotency-Replayed"));
        Assert.Equal("true", Assert.Single(second.Headers.GetValues("Idempotency-Replayed")));

        using var other = await RegisterAsync("ООО «Два»", key);
        await other.AssertErrorAsync(422, "idempotency_key_reused", Cancellation);
    }

    [Fact]
    public async Task Ten_requests_with_one_idempotency_key_at_once_register_one_merchant()
    {
        var key = $"{Guid.CreateVersion7(TimeProvider.System.GetUtcNow())}";
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(async _ =>
        {
            using var response = await RegisterAsync("ООО «Один»", key);
            return await response.Content.ReadAsStringAsync(Cancellation);
        }));

        Assert.Single(answers.Distinct());
    }

    [Fact]
    public async Task Nothing_in_the_database_opens_an_account()
    {
        var key = $"{Guid.CreateVersion7(TimeProvider.System.GetUtcNow())}";
        using var response = await RegisterAsync("ООО «Сейф»", key);
        var secret = (await response.JsonAsync(Cancellation)).GetProperty("keys").GetProperty("live").GetProperty("secret").GetString()!;

        await using var connection = await fixture.Database.DataSource.OpenConnectionAsync(Cancellation);
        await using var command = connection.CreateCommand();
        command.CommandText =
            """
            SELECT string_agg(convert_from(convert_to(row::text, 'UTF8'), 'UTF8'), '') FROM (
                SELECT to_jsonb(key)::text AS row FROM gateway.api_key AS key
                UNION ALL SELECT to_jsonb(request)::text || encode(sealed_answer, 'escape') FROM gateway.operator_request AS request
                UNION ALL SELECT body FROM messaging.outbox) AS everything
            """;
        var everything = (string)(await command.ExecuteScalarAsync(Cancellation))!;
        Assert.DoesNotContain(secret[17..35], everything, StringComparison.Ordinal);
        Assert.DoesNotContain(key, everything, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sealed_answer_opens_to_the_same_token_and_key_only()
    {
        using var random = System.Security.Cryptography.RandomNumberGenerator.Create();
        var sealedAnswer = SealedAnswer.Seal("тайна"u8.ToArray(), "token", "key", random);

        Assert.Equal("тайна"u8.ToArray(), SealedAnswer.TryOpen(sealedAnswer, "token", "key"));
        Assert.Null(SealedAnswer.TryOpen(sealedAnswer, "token", "other"));
        Assert.Null(SealedAnswer.TryOpen(sealedAnswer, "other", "key"));
    }

    [Theory]
    [InlineData("""{"name":""}""", 400, "validation_failed")]
    [InlineData("""{"name":"  "}""", 400, "validation_failed")]
    [InlineData("""{"name":null}""", 400, "validation_failed")]
    [InlineData("""{"name":"a\u0000"}""", 400, "validation_failed")]
    [InlineData("""{}""", 400, "validation_failed")]
    [InlineData("""{"name":"x","x":1}""", 400, "validation_failed")]
    [InlineData("", 400, "bad_json")]
    public async Task A_merchant_needs_a_name(string body, int status, string code)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await fixture.Gateway.Operator.PostAsync("/operator/merchants", content, Cancellation);

        await response.AssertErrorAsync(status, code, Cancellation);
    }

    [Fact]
    public async Task An_idempotency_key_over_255_characters_is_400()
    {
        using var response = await RegisterAsync("ООО", new string('k', 256));

        await response.AssertErrorAsync(400, "idempotency_key_invalid", Cancellation);
    }

    [Fact]
    public async Task Merchants_are_listed_newest_first_page_by_page_and_read_one_by_one()
    {
        var older = await fixture.Gateway.RegisterAsync(Cancellation, "ООО «Старое»");
        var newer = await fixture.Gateway.RegisterAsync(Cancellation, "ООО «Новое»");

        var ids = new List<Guid>();
        for (string? before = null; ids.Count == 0 || before is not null;)
        {
            var query = before is null ? "" : $"&before={before}";
            using var page = await fixture.Gateway.Operator.GetAsync($"/operator/merchants?limit=1{query}", Cancellation);
            var merchants = (await page.JsonAsync(Cancellation)).GetProperty("merchants").EnumerateArray().ToList();
            before = merchants is [var only] ? only.GetProperty("createdAt").GetString() : null;
            ids.AddRange(merchants.Select(merchant => merchant.GetProperty("id").GetGuid()));
        }

        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.True(ids.IndexOf(newer.Id) < ids.IndexOf(older.Id));

        using var one = await fixture.Gateway.Operator.GetAsync($"/operator/merchants/{older.Id}", Cancellation);
        Assert.Equal("ООО «Старое»", (await one.JsonAsync(Cancellation)).GetProperty("name").GetString());
        using var none = await fixture.Gateway.Operator.GetAsync($"/operator/merchants/{Guid.Empty}", Cancellation);
        await none.AssertErrorAsync(404, "not_found", Cancellation);
        using var noId = await fixture.Gateway.Operator.PostAsync("/operator/merchants/x/suspend", null, Cancellation);
        await noId.AssertErrorAsync(400, "validation_failed", Cancellation);
        using var tooMany = await fixture.Gateway.Operator.GetAsync("/operator/merchants?limit=101", Cancellation);
        await tooMany.AssertErrorAsync(400, "validation_failed", Cancellation);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Bearer operator-token-of-test")]
    [InlineData("Basic operator-token-of-tests")]
    public async Task Without_the_operators_token_nothing_of_the_operators_port_answers(string? header)
    {
        using var client = new HttpClient { BaseAddress = fixture.Gateway.Operator.BaseAddress };
        foreach (var path in new[] { "/operator/merchants", "/operator/unknown" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.TryAddWithoutValidation("Authorization", header);
            using var response = await client.SendAsync(request, Cancellation);
            await response.AssertErrorAsync(401, "unauthorized", Cancellation);
        }
    }

    [Fact]
    public async Task Each_port_has_its_own_paths_only()
    {
        var merchant = await fixture.Gateway.RegisterAsync(Cancellation);
        using var withToken = fixture.Gateway.ClientOf(TestGateway.OperatorToken);
        using var onPublic = await withToken.GetAsync("/operator/merchants", Cancellation);
        await onPublic.AssertErrorAsync(404, "not_found", Cancellation);

        using var withKey = new HttpClient { BaseAddress = fixture.Gateway.Operator.BaseAddress };
        withKey.DefaultRequestHeaders.Authorization = new("Bearer", merchant.TestKey);
        foreach (var path in new[] { "/v1/account", "/rail/callbacks/sandbox", "/docs" })
        {
            using var onOperators = await withKey.GetAsync(path, Cancellation);
            await onOperators.AssertErrorAsync(404, "not_found", Cancellation);
        }

        using var health = await withKey.GetAsync("/health/live", Cancellation);
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        using var alive = await withToken.GetAsync("/health/live", Cancellation);
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
        // What the Gateway is made of, and how its parts are, is told inside only.
        using var ready = await withKey.GetAsync("/health/ready", Cancellation);
        Assert.Contains("\"database\"", await ready.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        using var readyOutside = await withToken.GetAsync("/health/ready", Cancellation);
        await readyOutside.AssertErrorAsync(404, "not_found", Cancellation);
        using var unknown = await fixture.Gateway.Operator.GetAsync("/operator/unknown", Cancellation);
        await unknown.AssertErrorAsync(404, "not_found", Cancellation);
    }

    private async Task<HttpResponseMessage> RegisterAsync(string name, string idempotencyKey)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/operator/merchants") { Content = JsonContent.Create(new { name }) };
        request.Headers.Add("Idempotency-Key", idempotencyKey);
        return await fixture.Gateway.Operator.SendAsync(request, Cancellation);
    }
}
