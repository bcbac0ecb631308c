using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ArdorQr.ServiceDefaults.Hosting;

/// <summary><c>/metrics</c> for Prometheus, on a port that serves nothing else, whatever name it is fetched by.</summary>
internal static class MetricsEndpoint
{
    private const string DefaultUrl = "http://localhost:5000"; // ASP.NET Core's own.

    /// <summary>Has the service listen at that port too. Returns whether there is one.</summary>
    public static bool AddMetricsListener(this WebApplicationBuilder builder)
    {
        if (builder.AddTelemetryOptions() is not var (host, port))
        {
            return false;
        }

        builder.WebHost.UseUrls([.. Listened(builder.Configuration), $"http://{host}:{port}"]);
        return true;
    }

    /// <summary>Comes before all else: what asks there gets metrics, or 404.</summary>
    public static void UseMetrics(this WebApplication app)
    {
        if (app.Services.GetRequiredService<IOptions<TelemetryOptions>>().Value.MetricsPort is { } port)
        {
            app.MapWhen(
                context => context.Connection.LocalPort == port,
                branch => branch.Use(ForgetAsync).UseOpenTelemetryPrometheusScrapingEndpoint());
        }
    }

    /// <summary>Being watched is no work of the service: it isn't counted, and no route of the service's is meant.</summary>
    private static Task ForgetAsync(HttpContext context, RequestDelegate next)
    {
        context.SetEndpoint(null);
        if (context.Features.Get<IHttpMetricsTagsFeature>() is { } measured)
        {
            measured.MetricsDisabled = true;
        }

        return next(context);
    }

    /// <summary>What the service listens at by its other settings, which one address more would put aside.</summary>
    private static string[] Listened(ConfigurationManager configuration)
    {
        var urls = Parts(configuration[WebHostDefaults.ServerUrlsKey]);
        string[] ports =
        [
            .. Parts(configuration[WebHostDefaults.HttpPortsKey]).Select(port => $"http://*:{port}"),
            .. Parts(configuration[WebHostDefaults.HttpsPortsKey]).Select(port => $"https://*:{port}"),
        ];
        return urls.Length > 0 ? urls : ports.Length > 0 ? ports : [DefaultUrl];
    }

    private static string[] Parts(string? list) =>
        list?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
}
