using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>
/// A merchant's server: takes webhooks on a loopback port and checks each signature as the published reference says,
/// with no code of the platform, and each delivery against the published contract.
/// </summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private const int WaitSeconds = 90;

    private readonly ConcurrentQueue<Received> _received = [];
    private TaskCompletionSource _arrived = NewSignal();
    private readonly ConcurrentQueue<string> _unlike = [];
    private readonly PublishedContract _contract;
    private readonly WebApplication _app;

    private WebhookReceiver(WebApplication app, PublishedContract contract) => (_app, _contract) = (app, contract);

    /// <summary>One delivery whose signature was right.</summary>
    internal sealed record Received(Guid EventId, string Type, JsonElement Data, string Body, string Traceparent);

    public string? Secret { get; set; }

    public string Url => _app.Urls.Single();

    public IReadOnlyCollection<Received> All => _received;

    /// <summary>How many deliveries had a wrong signature; each was answered 400.</summary>
    public int Forged { get; private set; }

    public static async Task<WebhookReceiver> StartAsync(PublishedContract contract, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var receiver = new WebhookReceiver(app, contract);
        app.MapPost("/", (Delegate)receiver.ReceiveAsync);
        await app.StartAsync(cancellationToken);
        return receiver;
    }

    /// <summary>Waits for the first delivery of this type that fits.</summary>
    public async Task<Received> WaitAsync(string type, Func<JsonElement, bool> fits, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(WaitSeconds));
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        while (true)
        {
            AssertAsAgreed();
            var arrived = Volatile.Read(ref _arrived).Task; // Taken before the look: what comes after it ends it.
            if (_received.FirstOrDefault(received => received.Type == type && fits(received.Data)) is { } found)
            {
                return found;
            }

            try
            {
                await arrived.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (timeout.IsCancellationRequested)
            {
                var seen = string.Join(", ", _received.Select(received => received.Type));
                throw new TimeoutException($"No fitting {type} within {WaitSeconds} s; received: {seen}.");
            }
        }
    }

    /// <summary>Ends, and fails when any delivery, awaited or not, was against the contract.</summary>
    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        AssertAsAgreed();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void AssertAsAgreed() => Assert.True(_unlike.IsEmpty, string.Join("\n", _unlike));

    private async Task<IResult> ReceiveAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var body = await reader.ReadToEndAsync(context.RequestAborted);
        if (!IsSigned(context.Request.Headers["X-Ardor-Signature"].ToString(), body))
        {
            Forged++;
            return TypedResults.BadRequest();
        }

        using var json = JsonDocument.Parse(body);
        var root = json.RootElement;
        var type = root.GetProperty("type").GetString()!;
        foreach (var fault in _contract.FaultsOfWebhook(type, context.Request.Headers.Keys, body))
        {
            _unlike.Enqueue($"The webhook {type} is against its contract: {fault}\n{body}");
        }

        _received.Enqueue(new(root.GetProperty("id").GetGuid(), type, root.GetProperty("data").Clone(), body,
            context.Request.Headers.TraceParent.ToString()));
        Interlocked.Exchange(ref _arrived, NewSignal()).TrySetResult(); // Each waiter is woken, not one of them.
        return TypedResults.Ok();
    }

    private bool IsSigned(string header, string body)
    {
        var parts = header.Split(',').Select(part => part.Split('=', 2)).Where(part => part.Length == 2).ToList();
        var time = parts.Find(part => part[0] == "t")?[1];
        if (time is null || Secret is null || !long.TryParse(time, CultureInfo.InvariantCulture, out _))
        {
            return false;
        }

        var expected = Convert.ToHexStringLower(
            HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes($"{time}.{body}")));
        return parts.Exists(part => part[0] == "v1" && part[1] == expected);
    }
}
