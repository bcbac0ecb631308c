using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

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

    public void Configure(RequestTimeoutOptions options) => options.DefaultPolicy = new RequestTimeoutPolicy
    {
        Timeout = TimeSpan.FromSeconds(limits.Value.RequestTimeoutSeconds),
        TimeoutStatusCode = StatusCodes.Status504GatewayTimeout,
    };
}
