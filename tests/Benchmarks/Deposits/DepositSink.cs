using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ArdorQr.Benchmarks.Deposits;

/// <summary>The merchant's server: notes when a deposit was told to be credited.</summary>
internal sealed class DepositSink : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, DateTimeOffset> _arrivals = [];

    private DepositSink(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.Single());

    /// <summary>By the deposit's transaction.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> Arrivals => _arrivals;

    public static async Task<DepositSink> StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var sink = new DepositSink(app);
        app.MapPost("/", (Delegate)sink.TakeAsync);
        await app.StartAsync(cancellationToken);
        return sink;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        var at = TimeProvider.System.GetUtcNow();
        using var body = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        if (body.RootElement.GetProperty("type").GetString() == "deposit.credited")
        {
            _arrivals.TryAdd(body.RootElement.GetProperty("data").GetProperty("txHash").GetString()!, at);
        }
    }
}
