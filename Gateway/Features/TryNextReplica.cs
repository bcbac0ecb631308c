using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace ArdorQr.Gateway.Features;

/// <summary>
/// A replica that takes no connection, because it stops, starts or died, never saw the request: another one gets it. Anything
/// else that goes wrong is answered as it is; the request may have had its effect.
/// </summary>
internal static class TryNextReplica
{
    public static async Task HandleAsync(HttpContext context, RequestDelegate forward)
    {
        var proxying = context.GetReverseProxyFeature();
        var replicas = proxying.AvailableDestinations;
        await forward(context);
        // Each replica is tried once at most.
        while (WasNeverSent(context) && Without(replicas, proxying.ProxiedDestination) is { Count: > 0 } others)
        {
            context.Response.StatusCode = StatusCodes.Status200OK; // As it was: a status that is set stops the forwarding.
            context.Features.Set<IForwarderErrorFeature>(null);
            proxying.AvailableDestinations = replicas = others;
            await forward(context);
        }
    }

    private static bool WasNeverSent(HttpContext context) =>
        context.Features.Get<IForwarderErrorFeature>() is
        {
            Exception: HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError },
        }
        && !context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested;

    private static List<DestinationState> Without(IReadOnlyList<DestinationState> replicas, DestinationState? tried) =>
        [.. replicas.Where(replica => replica != tried)];
}
