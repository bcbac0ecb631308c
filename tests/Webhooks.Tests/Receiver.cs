using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ArdorQr.Webhooks.Tests;

/// <summary>
/// A merchant's server: real HTTP on a free port of this machine. It keeps what it gets and answers as told.
/// </summary>
internal sealed class Receiver : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly WebApplication _app;
    private readonly Channel<Received> _received = Channel.CreateUnbounded<Received>();
    private readonly CancellationTokenSource _closing = new();
    private int _count;

    private Receiver(WebApplication app) => _app = app;

    /// <summary>One request as it arrived.</summary>
    internal sealed record Received(string Path, string Protocol, IHeaderDictionary Headers, byte[] Body)
    {
        public string Header(string name) => Headers[name].ToString();
    }

    /// <summary>How the next requests are answered; 200 with "ok" unless told otherwise.</summary>
    public RequestDelegate Answering { get; set; } = context => context.Response.WriteAsync("ok");

    public int Count => Volatile.Read(ref _count);

    public Uri Address { get; private set; } = new("http://127.0.0.1/");

    /// <summary>The URL as a merchant gives it.</summary>
    public string Url => $"http://127.0.0.1:{Address.Port}/hooks";

    /// <param name="cancellationToken">Stops the start.</param>
    /// <param name="certificate">With one it speaks TLS.</param>
    public static async Task<Receiver> StartAsync(
        CancellationToken cancellationToken, X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (certificate is not null)
            {
                listen.UseHttps(certificate);
            }
        }));
        var app = builder.Build();
        var receiver = new Receiver(app);
        app.Run(receiver.ReceiveAsync);
        await app.StartAsync(cancellationToken);
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        receiver.Address = new Uri(addresses.Addresses.Single());
        return receiver;
    }

    /// <summary>The next request, waiting for it.</summary>
    /// <exception cref="TimeoutException">None came.</exception>
    public Task<Received> NextAsync(CancellationToken cancellationToken) =>
        _received.Reader.ReadAsync(cancellationToken).AsTask().WaitAsync(Patience, cancellationToken);

    /// <summary>The body of a request that is being answered.</summary>
    public static byte[] BodyOf(HttpContext context) => (byte[])context.Items[nameof(Receiver)]!;

    public void AnswerWith(int status, string body = "", string? retryAfter = null) => Answering = context =>
    {
        context.Response.StatusCode = status;
        if (retryAfter is not null)
        {
            context.Response.Headers.RetryAfter = retryAfter;
        }

        return context.Response.WriteAsync(body);
    };

    /// <summary>Takes requests and never answers, until the receiver closes or the caller hangs up.</summary>
    public void Hang() => Answering = context => Task.Delay(Timeout.Infinite, context.RequestAborted);

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _app.DisposeAsync();
        _closing.Dispose();
    }

    private async Task ReceiveAsync(HttpContext context)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _closing.Token);
        context.RequestAborted = either.Token;
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, either.Token);
        Interlocked.Increment(ref _count);
        context.Items[nameof(Receiver)] = body.ToArray();
        var headers = new HeaderDictionary(context.Request.Headers.ToDictionary(StringComparer.OrdinalIgnoreCase));
        _received.Writer.TryWrite(
            new Received(context.Request.Path, context.Request.Protocol, headers, body.ToArray()));
        try
        {
            await Answering(context);
        }
        catch (OperationCanceledException)
        {
            context.Abort();
        }
    }
}
