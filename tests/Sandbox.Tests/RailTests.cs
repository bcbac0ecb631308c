using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ArdorQr.Sandbox.Tests;

/// <summary>The rail's contract as a payer's system meets it, with a receiver of callbacks in this process.</summary>
public sealed class RailTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<(string TransferId, string Status)> _callbacks = [];
    private TestDatabase? _database;
    private ServiceFactory<Program>? _service;
    private WebApplication? _receiver;
    private HttpClient? _client;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Guid FreshId => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _receiver = builder.Build();
        _receiver.MapPost("/callbacks", (Delegate)ReceiveAsync);
        await _receiver.StartAsync(Token);
        _database = await TestDatabase.CreateAsync(typeof(Program).Assembly, Token);
        Restart();
    }

    public async ValueTask DisposeAsync()
    {
        _client!.Dispose();
        await _service!.DisposeAsync();
        await _database!.DisposeAsync();
        await _receiver!.DisposeAsync();
    }

    [Theory]
    [InlineData(10_000, "completed", null)]
    [InlineData(10_001, "failed", "payee_rejected")]
    [InlineData(10_021, "failed", "qr_already_paid")]
    public async Task A_transfer_ends_as_its_sum_says_and_calls_back(long amount, string status, string? reason)
    {
        var id = FreshId;
        var (code, answer) = await PutAsync(id, amount);
        Assert.Equal((HttpStatusCode.OK, "accepted"), (code, answer.GetProperty("status").GetString()));

        await Eventually.TrueAsync(() => Task.FromResult(_callbacks.Contains((id.ToString(), status))), Token);
        var (_, final) = await GetAsync(id);
        Assert.Equal(status, final.GetProperty("status").GetString());
        Assert.Equal(reason, final.GetProperty("reason").GetString());
    }

    [Fact]
    public async Task The_same_id_is_the_same_transfer_and_with_another_body_a_conflict()
    {
        var id = FreshId;
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(id, 10_014)).Status);
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(id, 10_014)).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await PutAsync(id, 10_114)).Status);
    }

    [Fact]
    public async Task Ten_submissions_at_once_are_one_transfer()
    {
        var id = FreshId;
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => PutAsync(id, 10_014)));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        var (_, list) = await SendAsync(HttpMethod.Get, "transfers?from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z", null);
        Assert.Equal(1, list.GetProperty("transfers").GetArrayLength());
    }

    [Fact]
    public async Task A_cancelled_id_is_dead_for_ever_and_a_seen_one_cannot_be_cancelled()
    {
        var (unseen, seen) = (FreshId, FreshId);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(unseen)).Status);
        Assert.Equal("cancelled", (await CancelAsync(unseen)).GetProperty("status").GetString());
        Assert.Equal("cancelled", (await PutAsync(unseen, 10_000)).Body.GetProperty("status").GetString());
        Assert.Equal("cancelled", (await GetAsync(unseen)).Body.GetProperty("status").GetString());

        await PutAsync(seen, 10_014);
        Assert.Equal("processing", (await CancelAsync(seen)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_first_sight_after_notAfter_is_refused_and_not_kept()
    {
        var id = FreshId;
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await PutAsync(id, 10_000, notAfter: "2020-01-01T00:00:00Z")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(id)).Status);
    }

    [Fact]
    public async Task The_unpleasant_submissions_are_as_the_table_says()
    {
        var accepted = FreshId;
        Assert.Equal(HttpStatusCode.GatewayTimeout, (await PutAsync(accepted, 10_007)).Status);
        Assert.Equal("completed", (await GetAsync(accepted)).Body.GetProperty("status").GetString());

        var lost = FreshId;
        Assert.Equal(HttpStatusCode.GatewayTimeout, (await PutAsync(lost, 10_008)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(lost)).Status);

        var late = FreshId;
        for (var time = 0; time < 3; time++)
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await PutAsync(late, 10_011)).Status);
        }

        Assert.Equal(HttpStatusCode.OK, (await PutAsync(late, 10_011)).Status);

        using var garbled = await _client!.SendAsync(Request(HttpMethod.Put, $"transfers/{FreshId}", Body(10_012)), Token);
        Assert.Equal(HttpStatusCode.OK, garbled.StatusCode);
        Assert.ThrowsAny<JsonException>(() => JsonDocument.Parse(garbled.Content.ReadAsStringAsync(Token).GetAwaiter().GetResult()));

        var eager = FreshId;
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(eager, 10_013)).Status);
        Assert.Equal(2, _callbacks.Count(callback => callback == (eager.ToString(), "completed")));
    }

    [Fact]
    public async Task What_stays_in_processing_is_settled_once_also_after_a_restart()
    {
        var id = FreshId;
        await PutAsync(id, 10_014);
        await RestartAsync();

        var (status, settled) = await SendAsync(HttpMethod.Post, $"transfers/{id}/settle", "{\"status\":\"failed\",\"reason\":\"payee_rejected\"}");
        Assert.Equal((HttpStatusCode.OK, "failed"), (status, settled.GetProperty("status").GetString()));
        Assert.Equal(HttpStatusCode.Conflict, (await SendAsync(HttpMethod.Post, $"transfers/{id}/settle", "{\"status\":\"completed\"}")).Status);
    }

    [Theory]
    [InlineData(12_500, "payable", 12_500L)]
    [InlineData(12_504, "paid", 12_504L)]
    [InlineData(12_505, "expired", 12_505L)]
    [InlineData(12_506, "unknown", null)]
    [InlineData(12_509, "payable", 12_609L)]
    [InlineData(12_516, "cancelled", 12_516L)]
    public async Task Resolve_answers_by_the_sum(long amount, string state, long? named)
    {
        var (status, answer) = await ResolveAsync(await FreshQrAsync("dynamic", amount));

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(state, answer.GetProperty("state").GetString());
        Assert.Equal(named, answer.GetProperty("amountMinor").ValueKind == JsonValueKind.Null ? null : answer.GetProperty("amountMinor").GetInt64());
    }

    [Fact]
    public async Task A_dynamic_code_is_paid_once_and_a_static_one_often()
    {
        foreach (var (kind, state) in new[] { ("dynamic", "paid"), ("static", "payable") })
        {
            var qr = await FreshQrAsync(kind, 12_500);
            var id = FreshId;
            await PutAsync(id, 12_500, qr: qr);
            await Eventually.TrueAsync(async () => (await GetAsync(id)).Body.GetProperty("status").GetString() == "completed", Token);
            Assert.Equal(state, (await ResolveAsync(qr)).Body.GetProperty("state").GetString());
        }
    }

    [Fact]
    public async Task A_fresh_code_has_a_right_checksum_and_a_bank_transfers_code_a_payee_and_a_sum()
    {
        var qr = await FreshQrAsync("dynamic", 12_500);
        Assert.Matches("^https://qr\\.nspk\\.ru/AD10[0-9A-Z]{28}\\?type=02&bank=100000000111&sum=12500&cur=RUB&crc=[0-9A-F]{4}$", qr);
        Assert.Equal(Crc16(qr[..qr.IndexOf("&crc=", StringComparison.Ordinal)]).ToString("X4", CultureInfo.InvariantCulture), qr[^4..]);

        var (_, answer) = await ResolveAsync(await FreshQrAsync("st00012", 45_000));
        Assert.Equal("ООО «Ромашка»", answer.GetProperty("payee").GetProperty("name").GetString());
        Assert.Equal(45_000, answer.GetProperty("amountMinor").GetInt64());
    }

    [Fact]
    public async Task Codes_are_for_test_keys_and_the_rail_for_its_token()
    {
        using var live = _service!.ClientOf(TestIdentity.Caller(FreshId, Mode.Live));
        using var refused = await live.PostAsJsonAsync("/v1/test/qr-codes", new { kind = "dynamic" }, Token);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains("test_mode_only", await refused.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);

        using var foreign = await _client!.GetAsync(new Uri("/rail/v1/info", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.Unauthorized, foreign.StatusCode);
    }

    private async Task<IResult> ReceiveAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var body = await reader.ReadToEndAsync(Token);
        var parts = context.Request.Headers["X-Rail-Signature"].ToString().Split(",v1=");
        var expected = HMACSHA256.HashData(
            Encoding.UTF8.GetBytes(SandboxSettings.CallbackSecret), Encoding.UTF8.GetBytes($"{parts[0]["t=".Length..]}.{body}"));
        if (Convert.ToHexStringLower(expected) != parts[1])
        {
            return TypedResults.BadRequest();
        }

        var json = JsonSerializer.Deserialize<JsonElement>(body);
        _callbacks.Enqueue((json.GetProperty("transferId").GetString()!, json.GetProperty("status").GetString()!));
        return TypedResults.NoContent();
    }

    private async Task RestartAsync()
    {
        _client!.Dispose();
        await _service!.DisposeAsync();
        Restart();
    }

    private void Restart()
    {
        _service = new ServiceFactory<Program>("sandbox", _database!, SandboxSettings.With($"{_receiver!.Urls.Single()}/callbacks"));
        _client = _service.CreateClient();
    }

    private async Task<string> FreshQrAsync(string kind, long amountMinor)
    {
        using var client = _service!.ClientOf(TestIdentity.Caller(FreshId, Mode.Test));
        using var response = await client.PostAsJsonAsync("/v1/test/qr-codes", new { kind, amountMinor }, Token);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("qr").GetString()!;
    }

    private Task<(HttpStatusCode Status, JsonElement Body)> ResolveAsync(string qr) =>
        SendAsync(HttpMethod.Post, "resolve", JsonSerializer.Serialize(new { qr }));

    private Task<(HttpStatusCode Status, JsonElement Body)> PutAsync(
        Guid id, long amount, string notAfter = "2100-01-01T00:00:00Z", string qr = "any") =>
        SendAsync(HttpMethod.Put, $"transfers/{id}", Body(amount, notAfter, qr));

    private Task<(HttpStatusCode Status, JsonElement Body)> GetAsync(Guid id) => SendAsync(HttpMethod.Get, $"transfers/{id}", null);

    private async Task<JsonElement> CancelAsync(Guid id) => (await SendAsync(HttpMethod.Post, $"transfers/{id}/cancel", null)).Body;

    private async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(HttpMethod method, string path, string? body)
    {
        using var response = await _client!.SendAsync(Request(method, path, body), Token);
        return (response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>(Token));
    }

    private static HttpRequestMessage Request(HttpMethod method, string path, string? body) => new(method, $"/rail/v1/{path}")
    {
        Headers = { Authorization = new("Bearer", SandboxSettings.RailToken) },
        Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"),
    };

    private static string Body(long amount, string notAfter = "2100-01-01T00:00:00Z", string qr = "any") =>
        JsonSerializer.Serialize(new
        {
            qr,
            kind = "dynamic",
            payee = new { name = "ООО «Ромашка»", bank = "Сбербанк", inn = (string?)null },
            amountMinor = amount,
            currency = "RUB",
            notAfter,
        });

    /// <summary>CRC-16/CCITT-FALSE by its definition, bit by bit over the text: the test's own.</summary>
    private static int Crc16(string text)
    {
        var register = 0xFFFF;
        foreach (var bit in Encoding.ASCII.GetBytes(text).SelectMany(value => Enumerable.Range(0, 8).Select(index => (value >> (7 - index)) & 1)))
        {
            var feedback = ((register >> 15) & 1) ^ bit;
            register = (register << 1) & 0xFFFF;
            register ^= feedback * 0x1021;
        }

        return register;
    }
}
