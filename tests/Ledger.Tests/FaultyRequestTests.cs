using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using ArdorQr.Contracts;
using ArdorQr.Testing;

namespace ArdorQr.Ledger.Tests;

/// <summary>Requests that never reach the books, so that they can share a host.</summary>
public sealed class FaultyRequestTests(FaultyRequestTests.SharedHost shared) : IClassFixture<FaultyRequestTests.SharedHost>
{
    private readonly Guid _merchant = Ids.New();

    [Theory]
    [InlineData("""{"amountMinor":0,"totalMinor":0}""", "totalMinor")]
    [InlineData("""{"amountMinor":-5,"totalMinor":-5}""", "totalMinor")]
    [InlineData("""{"feeMinor":-1,"totalMinor":99}""", "totalMinor")]
    [InlineData("""{"totalMinor":101}""", "totalMinor")]
    [InlineData("""{"amountMinor":9223372036854775807,"feeMinor":1,"totalMinor":-9223372036854775808}""", "totalMinor")]
    [InlineData("""{"description":""}""", "description")]
    [InlineData("""{"description":"a\u0000b"}""", "description")]
    [InlineData("""{"mode":"TEST"}""", "mode")]
    [InlineData("""{"id":"00000000-0000-0000-0000-000000000000"}""", "id")]
    [InlineData("""{"amountMinor":1.5}""", "amountMinor")]
    [InlineData("""{"surplus":1}""", "surplus")]
    public async Task A_faulty_body_is_refused_by_its_field(string change, string field)
    {
        var body = JsonSerializer.SerializeToNode(Ids.Debit(_merchant, 100), JsonSerializerOptions.Web)!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(change)!.AsObject())
        {
            body[name] = value!.DeepClone();
        }

        using var response = await shared.Host.SendDebitAsync(body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var error = (await response.Content.ReadFromJsonAsync<JsonElement>(LedgerHost.Token)).GetProperty("error");
        Assert.Equal("validation_failed", error.GetProperty("code").GetString());
        Assert.Equal(field, error.GetProperty("details").GetProperty("field").GetString());
    }

    [Theory]
    [InlineData("""{"amountMinor":0}""", "amountMinor")]
    [InlineData("""{"reason":" "}""", "reason")]
    [InlineData("""{"reason":"a\nb"}""", "reason")]
    [InlineData("""{"mode":"both"}""", "mode")]
    [InlineData("""{"merchantId":"00000000-0000-0000-0000-000000000000"}""", "merchantId")]
    public async Task A_faulty_adjustment_is_refused_by_its_field(string change, string field)
    {
        var body = JsonSerializer.SerializeToNode(
            new { id = Ids.New(), merchantId = _merchant, mode = "test", amountMinor = 5, reason = "Ошибка" })!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(change)!.AsObject())
        {
            body[name] = value!.DeepClone();
        }

        using var client = shared.Host.Factory.ClientOfService("gateway", "ledger:adjust");
        using var response = await client.PostAsJsonAsync(
            new Uri("/internal/adjustments", UriKind.Relative), body, LedgerHost.Token);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var error = (await response.Content.ReadFromJsonAsync<JsonElement>(LedgerHost.Token)).GetProperty("error");
        Assert.Equal(field, error.GetProperty("details").GetProperty("field").GetString());
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=101")]
    [InlineData("limit=many")]
    [InlineData("limit=")]
    [InlineData("before=yesterday")]
    [InlineData("before=2026-06-19T12:00:00")]
    public async Task A_wrong_limit_or_cursor_is_refused(string query)
    {
        using var client = shared.Host.Factory.ClientOf(TestIdentity.Caller(_merchant, Mode.Test));

        using var response = await client.GetAsync(new Uri($"/v1/operations?{query}", UriKind.Relative), LedgerHost.Token);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("validation_failed", await response.Content.ReadAsStringAsync(LedgerHost.Token), StringComparison.Ordinal);
    }

    public sealed class SharedHost : IAsyncLifetime
    {
        internal LedgerHost Host { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Host = await LedgerHost.StartAsync();

        public ValueTask DisposeAsync() => Host.DisposeAsync();
    }
}
