using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Claims;
using ArdorQr.ServiceDefaults.Hosting;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ArdorQr.Gateway.Tests;

/// <summary>A request as it arrived at a <see cref="StubService"/>.</summary>
internal sealed record SeenRequest(
    string Method, string Path, IHeaderDictionary Headers, ClaimsPrincipal User, string Body, string? TraceId);

/// <summary>
/// A service behind the gateway, on a port of its own: it checks tokens as real services do, notes what arrives and
/// answers what the test says.
/// </summary>
internal sealed class StubService : IAsyncDisposable
{
    private readonly WebApplication _app;

    private StubService(WebApplication app) => _app = app;

    public ConcurrentQueue<SeenRequest> Seen { get; } = [];

    /// <summary>What it does with a request that it has noted; answers 200 <c>{}</c> unless told otherwise.</summary>
    public Func<HttpContext, Task> Answer { get; set; } = context => context.Response.WriteAsJsonAsync(new { });

    public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    public static async Task<StubService> StartAsync(string name, CancellationToken cancellationToken)
    {
        var builder = ServiceHost.CreateBuilder(name, []);
        builder.Configuration.AddInMemoryCollection(TestIdentity.Settings(name));
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var stub = new StubService(app);
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapPublicApi().Map("{**path}", stub.HandleAsync);
        app.MapInternalApi(name switch { "ledger" => "ledger:adjust", "payments" => "payments:operate", "deposits" => "deposits:operate", _ => "webhooks:configure" }).Map("{**path}", stub.HandleAsync);
        // Reconciliation has a scope of its own, and a route of its own in every service.
        app.MapInternalApi($"{name}:reconcile").MapGet("reconciliation", stub.HandleAsync);
        app.MapInternalApi($"{name}:reconcile").Map("books/{**path}", stub.HandleAsync);
        app.Map("/rail/{**path}", stub.HandleAsync);
        await app.StartAsync(cancellationToken);
        return stub;
    }

    /// <summary>An address on which nothing listens.</summary>
    public static string DeadAddress() => $"http://127.0.0.1:{FreePort()}";

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync(context.RequestAborted);
        Seen.Enqueue(new SeenRequest(
            context.Request.Method, context.Request.Path + context.Request.QueryString,
            new HeaderDictionary(context.Request.Headers.ToDictionary()), context.User, body,
            System.Diagnostics.Activity.Current?.TraceId.ToHexString()));
        await Answer(context);
    }
}
