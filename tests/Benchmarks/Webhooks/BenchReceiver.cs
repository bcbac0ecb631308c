using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ArdorQr.Benchmarks.Webhooks;

/// <summary>
/// All merchants' server, a process of its own: reads what it gets and answers 200 at once, at /distant after a while, at
/// /hang never. It tells what arrived when, by the machine's monotonic clock.
/// </summary>
internal static class BenchReceiver
{
    public const string Command = "serve-webhook-receiver";
    public const string HooksPath = "/hooks";
    public const string DistantPath = "/distant";
    public const string HangPath = "/hang";
    public const string ArrivalsPath = "/arrivals";
    public const string CountPath = "/count";

    /// <summary>What a receiver in the same country takes, with the way there and back.</summary>
    public const int DistantMilliseconds = 20;

    private const string Id = "X-Ardor-Event-Id";

    public static async Task RunAsync(string port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        await using var app = builder.Build();
        app.Urls.Add($"http://127.0.0.1:{port}");
        var arrivals = new ConcurrentQueue<Arrival>();
        app.MapPost(HooksPath, context => AnswerAsync(context, TimeSpan.Zero));
        app.MapPost(DistantPath, context => AnswerAsync(context, TimeSpan.FromMilliseconds(DistantMilliseconds)));
        async Task AnswerAsync(HttpContext context, TimeSpan takes)
        {
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            arrivals.Enqueue(new Arrival(context.Request.Headers[Id].ToString(), Stopwatch.GetTimestamp()));
            if (takes > TimeSpan.Zero)
            {
                await Task.Delay(takes, TimeProvider.System, context.RequestAborted);
            }

            await context.Response.WriteAsync("ok");
        }

        app.MapPost(HangPath, context => Task.Delay(Timeout.Infinite, context.RequestAborted)
            .ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default));
        app.MapGet(CountPath, () => arrivals.Count);
        app.MapGet(ArrivalsPath, () =>
        {
            var taken = arrivals.ToArray();
            arrivals.Clear();
            return taken;
        });
        await app.RunAsync();
    }

    /// <param name="EventId">The event's, or empty.</param>
    /// <param name="At">A timestamp of <see cref="Stopwatch"/>, which all processes of a machine share.</param>
    internal sealed record Arrival(string EventId, long At);
}
