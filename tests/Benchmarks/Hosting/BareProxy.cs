using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Configuration;

namespace ArdorQr.Benchmarks.Hosting;

/// <summary>
/// The Gateway's peers, each a process of its own: a service that answers a balance and nothing else, and YARP with one
/// route to it and nothing else.
/// </summary>
internal static class BareProxy
{
    public const string ServiceCommand = "serve-bare-service";
    public const string ProxyCommand = "serve-bare-proxy";
    public const string Path = "/v1/balance";

    private static readonly byte[] Balance =
        """{"merchantId":"0198c0d0-0000-7000-8000-000000000001","balanceMinor":1141483,"currency":"RUB"}"""u8.ToArray();

    public static async Task RunServiceAsync(string port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        await using var app = builder.Build();
        app.Urls.Add($"http://127.0.0.1:{port}");
        app.MapGet(Path, async (HttpContext context) =>
        {
            context.Response.ContentType = "application/json; charset=utf-8";
            context.Response.ContentLength = Balance.Length;
            await context.Response.Body.WriteAsync(Balance, context.RequestAborted);
        });
        await app.RunAsync();
    }

    public static async Task RunProxyAsync(string port, string service)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddReverseProxy().LoadFromMemory(
            [new RouteConfig { RouteId = "all", ClusterId = "service", Match = new RouteMatch { Path = Path } }],
            [
                new ClusterConfig
                {
                    ClusterId = "service",
                    Destinations = new Dictionary<string, DestinationConfig> { ["service"] = new() { Address = service } },
                },
            ]);
        await using var app = builder.Build();
        app.Urls.Add($"http://127.0.0.1:{port}");
        app.MapReverseProxy();
        await app.RunAsync();
    }
}
