using ArdorQr.ServiceDefaults.Messaging;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ArdorQr.ServiceDefaults.Hosting;

/// <summary>
/// Traces, metrics and logs by OTLP, when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> says where to; metrics for Prometheus to fetch
/// at <c>/metrics</c> of a listener of their own, when <c>Telemetry:MetricsPort</c> names its port.
/// </summary>
internal static class Telemetry
{
    /// <summary>The prefix of every source and meter of ours.</summary>
    private const string OwnSources = "ArdorQr.*";

    private static readonly string[] Watching = ["/health", "/metrics"];

    /// <summary>What logs every statement and every request at the level Information; the traces have them.</summary>
    private static readonly string[] Chatty = ["Npgsql.Command", "Microsoft.AspNetCore", "System.Net.Http.HttpClient", "Polly"];

    public static void AddTelemetry(this WebApplicationBuilder builder, string service)
    {
        builder.Logging.AddOpenTelemetry(logging =>
        {
            logging.IncludeFormattedMessage = true;
            logging.IncludeScopes = true;
        });
        foreach (var category in Chatty)
        {
            builder.Logging.AddFilter(category, LogLevel.Warning);
        }

        // Requests and steps of work are always traced: the id goes with each answer and message, and stands in the logs.
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(service))
            .WithTracing(tracing => tracing.AddSource(
                "Microsoft.AspNetCore", "MassTransit", OwnSources, OutboxSender.ActivitySourceName));
        var isFetched = builder.AddMetricsListener();
        var isExported = !string.IsNullOrWhiteSpace(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]);
        if (!isExported && !isFetched)
        {
            return; // What nobody takes isn't gathered: the details of each call cost more than most calls' own work.
        }

        telemetry.WithMetrics(metrics =>
        {
            metrics
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddRuntimeInstrumentation()
                .AddMeter("MassTransit", "Npgsql", "Yarp.ReverseProxy", OwnSources);
            if (isFetched)
            {
                metrics.AddPrometheusExporter();
            }
        });
        if (!isExported)
        {
            return;
        }

        telemetry
            .WithTracing(tracing => tracing
                .AddAspNetCoreInstrumentation(options =>
                    options.Filter = context => !Watching.Any(
                        path => context.Request.Path.StartsWithSegments(path, StringComparison.Ordinal)))
                .AddHttpClientInstrumentation()
                .AddSource("Npgsql", "Yarp.ReverseProxy"))
            .UseOtlpExporter();
    }
}
