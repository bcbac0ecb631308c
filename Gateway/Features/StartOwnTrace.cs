using System.Diagnostics;

namespace ArdorQr.Gateway.Features;

/// <summary>
/// Every request starts a trace of ours: a caller's <c>traceparent</c> decides nothing here, and is kept as a link so
/// that the two traces can still be laid side by side.
/// </summary>
internal sealed class StartOwnTrace(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (Activity.Current is { } activity
            && context.Request.Headers.TraceParent is [{ } incoming]
            && ActivityContext.TryParse(incoming, null, isRemote: true, out var caller))
        {
            activity.AddLink(new ActivityLink(caller));
        }

        return next(context);
    }

    /// <summary>The server's propagator. Calls that go out have the process's own, which carries our trace.</summary>
    internal sealed class Propagator : DistributedContextPropagator
    {
        public override IReadOnlyCollection<string> Fields => [];

        public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter)
        {
            // A server's answer carries no trace; X-Request-Id names it.
        }

        public override void ExtractTraceIdAndState(
            object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState) =>
            (traceId, traceState) = (null, null);

        public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(
            object? carrier, PropagatorGetterCallback? getter) => null;
    }
}
