using ArdorQr.Gateway.Domain;
using Microsoft.AspNetCore.HttpOverrides;
using ArdorQr.Gateway.Features.Operators;
using Microsoft.Extensions.Options;

namespace ArdorQr.Gateway.Features;

/// <summary>The client's address and scheme are taken from forwarding headers of listed proxies only; of none by default.</summary>
internal static class TrustProxies
{
    public static void UseTrustedProxies(this WebApplication app)
    {
        var proxies = app.Services.GetRequiredService<IOptions<GatewayOptions>>().Value.TrustedProxies;
        if (proxies.Count == 0)
        {
            return; // With an empty list the framework's own middleware would believe everybody.
        }

        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto,
            ForwardLimit = null, // As far as the chain is of listed proxies.
        };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var proxy in proxies)
        {
            options.KnownIPNetworks.Add(AddressRange.TryParse(proxy)!.Value.Network);
        }

        app.UseForwardedHeaders(options);
    }
}
