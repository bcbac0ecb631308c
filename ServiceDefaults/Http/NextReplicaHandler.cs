using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.ServiceDiscovery.Http;

namespace ArdorQr.ServiceDefaults.Http;

/// <summary>
/// A call that found nobody who took the connection was never sent: service discovery, which comes after this, picks again, and
/// in turn, so that another replica is tried.
/// </summary>
internal sealed class NextReplicaHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <summary>Others take their turns too, and may get the living one: two would do seldom enough for two replicas.</summary>
    private const int MaxTries = 4;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await base.SendAsync(request, cancellationToken);
            }
            catch (HttpRequestException exception) when (
                exception.HttpRequestError is HttpRequestError.ConnectionError && tries < MaxTries
                && !cancellationToken.IsCancellationRequested)
            {
                // Once more, at once: it costs a refused connection.
            }
        }
    }
}

/// <summary>Calls by a service's name, to whichever of its replicas takes the connection.</summary>
internal static class ReplicaRegistration
{
    /// <summary>
    /// For every client, around its primary handler and so behind whatever it repeats by itself: each repetition picks a
    /// replica anew.
    /// </summary>
    public static void AddReplicas(this IServiceCollection services) =>
        services.AddHttpClient().PostConfigureAll<HttpClientFactoryOptions>(options =>
            options.HttpMessageHandlerBuilderActions.Add(static builder =>
            {
                var discovery = builder.Services.GetRequiredService<IServiceDiscoveryHttpMessageHandlerFactory>();
                builder.PrimaryHandler = new NextReplicaHandler(discovery.CreateHandler(builder.PrimaryHandler));
            }));
}
