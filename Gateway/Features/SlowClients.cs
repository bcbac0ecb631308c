using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using Yarp.ReverseProxy.Model;

namespace ArdorQr.Gateway.Features;

/// <summary>
/// What one connection may hold, and for how long: a client that sends or reads by drops loses its connection before it
/// costs others theirs.
/// </summary>
internal sealed class SlowClients(IOptions<LimitOptions> limits)
    : IConfigureOptions<KestrelServerOptions>, IConfigureOptions<RequestTimeoutOptions>
{
    private const int MaxHeaderBytes = 16 * 1024;
    private const int MaxHeaders = 64;
    private const int MaxRequestLineBytes = 8 * 1024;
    private const int KeepAliveSeconds = 75;
    private const int MaxStreamsPerConnection = 100;

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    public void Configure(KestrelServerOptions options)
    {
        var (kestrel, settings) = (options.Limits, limits.Value);
        kestrel.MaxConcurrentConnections = settings.MaxConnections;
        kestrel.RequestHeadersTimeout = TimeSpan.FromSeconds(settings.HeadersTimeoutSeconds);
        kestrel.KeepAliveTimeout = TimeSpan.FromSeconds(KeepAliveSeconds);
        kestrel.MinRequestBodyDataRate = new MinDataRate(settings.MinBytesPerSecond, Grace);
        kestrel.MinResponseDataRate = new MinDataRate(settings.MinBytesPerSecond, Grace);
        kestrel.MaxRequestHeadersTotalSize = MaxHeaderBytes;
        kestrel.MaxRequestHeaderCount = MaxHeaders;
        kestrel.MaxRequestLineSize = MaxRequestLineBytes;
        kestrel.Http2.MaxStreamsPerConnection = MaxStreamsPerConnection;
    }

    /// <summary>
    /// Limits the whole time of a request, unless nothing of the client's can prolong it: one without a body that is passed
    /// on takes as long as its service is silent, and that has a limit of its own (the cluster's ActivityTimeout).
    /// </summary>
    public static void UseTimeouts(IApplicationBuilder app) =>
        app.UseWhen(
            static context => !IsPassedOnWithoutBody(context), static limited => limited.UseRequestTimeouts().Use(NameTimeoutAsync));

    public void Configure(RequestTimeoutOptions options) => options.DefaultPolicy = new RequestTimeoutPolicy
    {
        Timeout = TimeSpan.FromSeconds(limits.Value.RequestTimeoutSeconds),
        TimeoutStatusCode = StatusCodes.Status504GatewayTimeout,
    };

    /// <summary>What passes a body on takes the limit's end for the client's, and calls the request a bad one.</summary>
    private static async Task NameTimeoutAsync(HttpContext context, RequestDelegate next)
    {
        await next(context);
        if (!context.Response.HasStarted
            && context.Features.Get<IHttpRequestTimeoutFeature>()?.RequestTimeoutToken.IsCancellationRequested == true)
        {
            context.Response.StatusCode = StatusCodes.Status504GatewayTimeout;
        }
    }

    private static bool IsPassedOnWithoutBody(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<RouteModel>() is not null
        && context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false };
}
