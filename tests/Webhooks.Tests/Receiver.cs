using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ArdorQr.Webhooks.Tests;

/// <summary>A merchant's server: real HTTP on a free port of this machine. It keeps what it gets and answers as told.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly WebApplication _app;
    private readonly Channel<Received> _received = Channel.CreateUnbounded<Received>();
    private readonly CancellationTokenSource _closing = new();

    private Receiver(WebApplication app) => _app = app;

    /// <summary>One request as it arrived.</summary>
    internal sealed record Received(string Path, IHeaderDictionary Headers, byte[] Body)
    {
        public string Header(string name) => Headers[name].ToString();
    }

    /// <summary>How the next requests are answered; 200 with "ok" unless told otherwise.</summary>
    public RequestDelegate Answering { get; set; } = context => context.Response.WriteAsync("ok");

    public int Count { get; private set; }

    public Uri Address { get; private set; } = new("http://127.0.0.1/");

    /// <summary>The URL as a merchant gives it.</summary>
    public string Url => $"http://127.0.0.1:{Address.Port}/hooks";

    public static async Task<Receiver> StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
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
        Count++;
        var headers = new HeaderDictionary(context.Request.Headers.ToDictionary(StringComparer.OrdinalIgnoreCase));
        _received.Writer.TryWrite(new Received(context.Request.Path, headers, body.ToArray()));
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
