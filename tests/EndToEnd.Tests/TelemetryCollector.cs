using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>
/// Takes what the services export by OTLP over HTTP, and keeps it as it came: in protobuf, texts stand as they are.
/// </summary>
internal sealed class TelemetryCollector : IAsyncDisposable
{
    private const int MaxBytes = 256 * 1024 * 1024; // Of one run of the tests; it takes a fraction.

    private readonly WebApplication _app;
    private readonly ConcurrentQueue<(string Path, byte[] Body)> _taken = [];
    private readonly int _port = FreePort();
    private long _bytes;

    public TelemetryCollector()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(Address);
        _app = builder.Build();
        _app.MapPost("/v1/{signal}", TakeAsync);
    }

    public string Address => $"http://127.0.0.1:{_port}";

    public Task StartAsync(CancellationToken cancellationToken) => _app.StartAsync(cancellationToken);

    /// <summary>The bodies of one signal: traces, metrics or logs.</summary>
    public IEnumerable<byte[]> Taken(string signal) =>
        _taken.Where(taken => taken.Path == $"/v1/{signal}").Select(taken => taken.Body);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    /// <summary>An empty answer is a whole one: all was taken.</summary>
    private async Task TakeAsync(HttpContext context)
    {
        using var buffer = new MemoryStream();
        await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
        Assert.True(Interlocked.Add(ref _bytes, buffer.Length) < MaxBytes, "the services export more than can be kept");
        _taken.Enqueue((context.Request.Path, buffer.ToArray()));
        context.Response.ContentType = "application/x-protobuf";
    }

    internal static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>Keeps the lines that Aspire hands on from each resource's output.</summary>
internal sealed class ResourceLogs : ILoggerProvider
{
    private readonly ConcurrentQueue<(string Resource, string Line)> _lines = [];

    /// <summary>By the resource's name, which ends the logger's.</summary>
    public IEnumerable<(string Resource, string Line)> Lines => _lines;

    public ILogger CreateLogger(string categoryName) => new Keeper(categoryName.Split('.')[^1], _lines);

    public void Dispose()
    {
    }

    private sealed class Keeper(string resource, ConcurrentQueue<(string Resource, string Line)> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => lines.Enqueue((resource, $"{formatter(state, exception)} {exception}"));
    }
}
