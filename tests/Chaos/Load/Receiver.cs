using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ArdorQr.Chaos.Load;

/// <summary>
/// The merchants' server: checks each signature as the published reference says, notes what it took, and now and then
/// answers 500 to what it must then get again.
/// </summary>
internal sealed class Receiver : IAsyncDisposable
{
    private const int FailPerMille = 20;

    private readonly ConcurrentDictionary<int, string> _secrets = [];
    private readonly Journal _journal;
    private readonly WebApplication _app;
    private readonly Random _random;
    private readonly Lock _lock = new();
    private volatile Refusal? _refusal;

    private Receiver(WebApplication app, Journal journal, int seed) =>
        (_app, _journal, _random) = (app, journal, new Random(seed));

    /// <summary>It fails no more: what is left comes through.</summary>
    public bool IsReliable { get; set; }

    /// <summary>From now on no event of this type is taken; null takes all again.</summary>
    /// <returns>What is refused meanwhile: the events' ids by those of their payments or deposits.</returns>
    public IReadOnlyDictionary<string, Guid> Refuse(string? type)
    {
        var refusal = type is null ? null : new Refusal(type, []);
        _refusal = refusal;
        return refusal?.Refused ?? [];
    }

    public static async Task<Receiver> StartAsync(Journal journal, int seed, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var receiver = new Receiver(app, journal, seed);
        app.MapPost("/{merchant:int}", (Delegate)receiver.TakeAsync);
        await app.StartAsync(cancellationToken);
        return receiver;
    }

    public string UrlOf(int merchant) => $"{_app.Urls.Single()}/{merchant}";

    public void SecretIs(int merchant, string secret) => _secrets[merchant] = secret;

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task<IResult> TakeAsync(int merchant, HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var body = await reader.ReadToEndAsync(context.RequestAborted);
        if (!IsSigned(merchant, context.Request.Headers["X-Ardor-Signature"].ToString(), body))
        {
            _journal.Fault($"webhook: a delivery to merchant {merchant} has a wrong signature");
            return TypedResults.BadRequest();
        }

        if (!IsReliable && Fails())
        {
            return TypedResults.StatusCode(StatusCodes.Status500InternalServerError);
        }

        var told = JsonSerializer.Deserialize<JsonElement>(body);
        var receipt = new Receipt(
            merchant, told.GetProperty("id").GetGuid(), told.GetProperty("type").GetString()!,
            told.GetProperty("mode").GetString()!, told.GetProperty("data"),
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(body))));
        if (_refusal is { } refusal && receipt.Type == refusal.Type)
        {
            refusal.Refused.TryAdd(receipt.ObjectId, receipt.EventId);
            return TypedResults.StatusCode(StatusCodes.Status503ServiceUnavailable);
        }

        _journal.Receipts.Enqueue(receipt);
        return TypedResults.Ok();
    }

    /// <summary>What is refused, and the ids of its objects with those of their events.</summary>
    private sealed record Refusal(string Type, ConcurrentDictionary<string, Guid> Refused);

    private bool Fails()
    {
        lock (_lock)
        {
            return _random.Next(1_000) < FailPerMille;
        }
    }

    private bool IsSigned(int merchant, string header, string body)
    {
        var parts = header.Split(',').Select(part => part.Split('=', 2)).Where(part => part.Length == 2).ToList();
        var time = parts.Find(part => part[0] == "t")?[1];
        if (time is null || !_secrets.TryGetValue(merchant, out var secret)
            || !long.TryParse(time, CultureInfo.InvariantCulture, out _))
        {
            return false;
        }

        var expected = Convert.ToHexStringLower(
            HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{time}.{body}")));
        return parts.Exists(part => part[0] == "v1" && part[1] == expected);
    }
}
