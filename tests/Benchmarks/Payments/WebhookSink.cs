using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ArdorQr.Benchmarks.Payments;

/// <summary>The merchants' server: notes when a payment was told to be completed.</summary>
internal sealed class WebhookSink : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<Guid, TaskCompletionSource<long>> _completed = [];
    private int _deliveries;

    private WebhookSink(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.Single());

    public int Deliveries => Volatile.Read(ref _deliveries);

    public static async Task<WebhookSink> StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var sink = new WebhookSink(app);
        app.MapPost("/", (Delegate)sink.TakeAsync);
        await app.StartAsync(cancellationToken);
        return sink;
    }

    /// <summary>The timestamp at which the webhook of its completion came.</summary>
    public Task<long> CompletedAsync(Guid paymentId, CancellationToken cancellationToken) =>
        OfPayment(paymentId).Task.WaitAsync(cancellationToken);

    public void Forget(Guid paymentId) => _completed.TryRemove(paymentId, out _);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private TaskCompletionSource<long> OfPayment(Guid paymentId) => _completed.GetOrAdd(
        paymentId, static _ => new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously));

    private async Task TakeAsync(HttpContext context)
    {
        var at = Stopwatch.GetTimestamp();
        using var body = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        Interlocked.Increment(ref _deliveries);
        if (body.RootElement.GetProperty("type").GetString() == "payment.completed")
        {
            OfPayment(body.RootElement.GetProperty("data").GetProperty("id").GetGuid()).TrySetResult(at);
        }
    }
}
