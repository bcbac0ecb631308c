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
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ArdorQr.Sandbox.Tests;

/// <summary>The Sandbox on a database of its own, its rail's caller, and a receiver of callbacks in this process.</summary>
public abstract class RailHost : IAsyncLifetime
{
    private readonly ConcurrentQueue<(string TransferId, string Status)> _callbacks = [];
    private TestDatabase? _database;
    private ServiceFactory<Program>? _service;
    private WebApplication? _receiver;
    private HttpClient? _client;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    protected static Guid FreshId => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    protected HttpClient Client => _client!;

    /// <summary>The receiver's answer to a well-signed callback, given how many it had before.</summary>
    protected Func<int, HttpStatusCode> CallbackAnswer { get; set; } = _ => HttpStatusCode.NoContent;

    /// <summary>Where the rail calls back after the next restart; null: to the receiver of this class.</summary>
    protected Uri? CallbackUrl { get; set; }

    protected int CallbacksOf(Guid id, string status) => _callbacks.Count(callback => callback == (id.ToString(), status));

    protected IEnumerable<RouteEndpoint> Routes =>
        _service!.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();

    /// <summary>A client of the rail whose calls and answers a test may change on their way.</summary>
    protected HttpClient ClientThrough(DelegatingHandler? way = null)
    {
        var server = _service!.Server.CreateHandler();
        if (way is not null)
        {
            way.InnerHandler = server;
        }

        return new HttpClient((HttpMessageHandler?)way ?? server) { BaseAddress = new Uri("http://rail.test/") };
    }

    protected HttpClient ClientOf(Mode mode) => _service!.ClientOf(TestIdentity.Caller(FreshId, mode));

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
        GC.SuppressFinalize(this);
    }

    private async Task<IResult> ReceiveAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var body = await reader.ReadToEndAsync(Token);
        var parts = context.Request.Headers["X-Rail-Signature"].ToString().Split(",v1=");
        var expected = HMACSHA256.HashData(
            Encoding.UTF8.GetBytes(SandboxSettings.CallbackSecret), Encoding.UTF8.GetBytes($"{parts[0]["t=".Length..]}.{body}"));
        var age = TimeProvider.System.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(long.Parse(parts[0]["t=".Length..], CultureInfo.InvariantCulture));
        if (Convert.ToHexStringLower(expected) != parts[1] || age.Duration() > TimeSpan.FromMinutes(1))
        {
            return TypedResults.BadRequest();
        }

        var json = JsonSerializer.Deserialize<JsonElement>(body);
        var answer = CallbackAnswer(_callbacks.Count);
        _callbacks.Enqueue((json.GetProperty("transferId").GetString()!, json.GetProperty("status").GetString()!));
        return TypedResults.StatusCode((int)answer);
    }

    /// <summary>Ends the service and starts it again on the same database, on which the owner may act in between.</summary>
    protected async Task RestartAsync(string? sqlInBetween = null)
    {
        _client!.Dispose();
        await _service!.DisposeAsync();
        if (sqlInBetween is not null)
        {
            await ExecuteAsOwnerAsync(sqlInBetween);
        }

        Restart();
    }

    protected async Task ExecuteAsOwnerAsync(string sql)
    {
        await using var owner = new NpgsqlConnection(_database!.OwnerConnectionString);
        await owner.OpenAsync(Token);
        await using var command = new NpgsqlCommand(sql, owner);
        await command.ExecuteNonQueryAsync(Token);
    }

    private void Restart()
    {
        _service = new ServiceFactory<Program>("sandbox", _database!, SandboxSettings.With(
            CallbackUrl?.AbsoluteUri ?? $"{_receiver!.Urls.Single()}/callbacks"));
        _client = _service.CreateClient();
    }

    protected async Task<string> FreshQrAsync(string kind, long? amountMinor = null)
    {
        using var client = ClientOf(Mode.Test);
        using var response = await client.PostAsJsonAsync(
            "/v1/test/qr-codes", amountMinor is null ? new { kind } : (object)new { kind, amountMinor }, Token);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("qr").GetString()!;
    }

    protected Task<(HttpStatusCode Status, JsonElement Body)> ResolveAsync(string qr) =>
        SendAsync(HttpMethod.Post, "resolve", JsonSerializer.Serialize(new { qr }));

    protected Task<(HttpStatusCode Status, JsonElement Body)> PutAsync(
        Guid id, long amount, string notAfter = "2100-01-01T00:00:00Z", string qr = "any") =>
        SendAsync(HttpMethod.Put, $"transfers/{id}", Body(amount, notAfter, qr));

    protected Task<(HttpStatusCode Status, JsonElement Body)> GetAsync(Guid id) => SendAsync(HttpMethod.Get, $"transfers/{id}", null);

    protected async Task<JsonElement> CancelAsync(Guid id) => (await SendAsync(HttpMethod.Post, $"transfers/{id}/cancel", null)).Body;

    protected async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(HttpMethod method, string path, string? body)
    {
        using var response = await _client!.SendAsync(Request(method, path, body), Token);
        return (response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>(Token));
    }

    protected static HttpRequestMessage Request(HttpMethod method, string path, string? body) => new(method, $"/rail/v1/{path}")
    {
        Headers = { Authorization = new("Bearer", SandboxSettings.RailToken) },
        Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"),
    };

    protected static string Body(long amount, string notAfter = "2100-01-01T00:00:00Z", string qr = "any") =>
        JsonSerializer.Serialize(new
        {
            qr,
            kind = "dynamic",
            payee = new { name = "ООО «Ромашка»", bank = "Сбербанк", inn = (string?)null },
            amountMinor = amount,
            currency = "RUB",
            notAfter,
        });
}
