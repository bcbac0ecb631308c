using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;

namespace ArdorQr.ServiceDefaults.Http;

/// <summary>
/// A call that found nobody who took the connection was never sent: service discovery, which comes after this, picks again, and
/// in turn, so that another replica is tried.
/// </summary>
internal sealed class NextReplicaHandler : DelegatingHandler
{
    /// <summary>Others take their turns too, and may get the living one: two would do seldom enough for two replicas.</summary>
    private const int MaxTries = 4;

    /// <summary>
    /// Defaults come first, and so before what a client repeats by itself: there each repetition would go to the address
    /// that was picked once. Behind it each picks anew.
    /// </summary>
    public static void MoveBehindAllOthers(IServiceCollection services) =>
        services.PostConfigureAll<HttpClientFactoryOptions>(options =>
            options.HttpMessageHandlerBuilderActions.Add(static builder =>
            {
                var handlers = builder.AdditionalHandlers;
                var index = handlers.Index().FirstOrDefault(handler => handler.Item is NextReplicaHandler, (-1, null!)).Index;
                if (index < 0 || index + 1 >= handlers.Count)
                {
                    return;
                }

                var (next, discovery) = (handlers[index], handlers[index + 1]);
                handlers.RemoveAt(index + 1);
                handlers.RemoveAt(index);
                handlers.Add(next);
                handlers.Add(discovery);
            }));

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
