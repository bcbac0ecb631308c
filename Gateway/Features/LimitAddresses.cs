using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.Gateway.Features.Operators;
using Microsoft.Extensions.Options;

namespace ArdorQr.Gateway.Features;

/// <summary>Stands before all that costs anything: how much one address may ask of the public listener.</summary>
internal sealed class LimitAddresses(
    RequestDelegate next, IOptions<LimitOptions> options, IOptions<GatewayOptions> gateway, TimeProvider time)
{
    private const int GenerationOfAddresses = 20_000;

    private readonly GenerationCache<ulong, SlidingCount> _counts = new(GenerationOfAddresses);
    private readonly RateRule _rule = options.Value.AddressRule;

    public Task InvokeAsync(HttpContext context)
    {
        if (context.Connection.LocalPort == gateway.Value.OperatorPort || context.Request.Path.StartsWithSegments("/health"))
        {
            return next(context);
        }

        var count = _counts.GetOrAdd(AddressKey.Of(context.Connection.RemoteIpAddress), static _ => new SlidingCount());
        var verdict = count.Take(time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0, _rule);
        return verdict.IsTaken ? next(context) : RateHeaders.RefuseAsync(context, verdict, _rule);
    }
}
