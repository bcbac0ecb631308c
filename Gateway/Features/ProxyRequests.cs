using System.Net;
using ArdorQr.Gateway.Database;
using ArdorQr.ServiceDefaults.Identity;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace ArdorQr.Gateway.Features;

/// <summary>
/// Passes requests on to the services (routes: appsettings.json). Of a request's headers only named ones go through;
/// who is calling is said by our token alone.
/// </summary>
internal static partial class ProxyRequests
{
    /// <summary>A route of this name in its metadata takes requests without a key.</summary>
    private const string KeylessMetadata = "Keyless";

    private const int ConnectTimeoutSeconds = 3;

    private static readonly string[] ForwardedHeaders =
        ["Accept", "Content-Type", "Content-Length", "Idempotency-Key", "User-Agent", "X-Rail-Signature"];

    public static void AddProxy(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<CallerTokens>();
        builder.Services.AddReverseProxy()
            .LoadFromConfig(builder.Configuration.GetSection("ReverseProxy"))
            .ConfigureHttpClient((_, handler) => handler.ConnectTimeout = TimeSpan.FromSeconds(ConnectTimeoutSeconds))
            .AddTransforms(AddIdentity)
            .AddServiceDiscoveryDestinationResolver();
        // YARP brings them for routes with policies. There are none, and with them each request would be asked for one.
        builder.Services.RemoveAll<IAuthorizationHandlerProvider>();
        builder.Services.RemoveAll<IAuthorizationService>();
        builder.Services.RemoveAll<IPolicyEvaluator>();
    }

    /// <summary>
    /// YARP without its steps for sticky sessions and for health learnt of answers: no cluster has either. The load is
    /// balanced anew for each replica that is tried.
    /// </summary>
    public static void MapProxy(this IEndpointRouteBuilder routes) =>
        routes.MapReverseProxy(pipeline =>
        {
            pipeline.Use(TryNextReplica.HandleAsync);
            pipeline.UseLoadBalancing();
        });

    private static void AddIdentity(TransformBuilderContext context)
    {
        context.UseDefaultForwarders = false;
        context.AddRequestHeadersAllowed(ForwardedHeaders);
        context.AddResponseTransform(KeepEnvelope);
        if (context.Route.Metadata?.ContainsKey(KeylessMetadata) == true)
        {
            return;
        }

        var tokens = context.Services.GetRequiredService<CallerTokens>();
        var logger = context.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(ProxyRequests));
        var audience = context.Route.ClusterId!;
        context.AddRequestTransform(request =>
        {
            if (request.HttpContext.Features.Get<KnownKey>() is { } key)
            {
                request.ProxyRequest.Headers.TryAddWithoutValidation("Authorization", tokens.HeaderFor(key, audience));
            }
            else
            {
                // Not sent on: YARP stops at a status that is set.
                request.HttpContext.Response.StatusCode = StatusCodes.Status401Unauthorized;
            }

            return ValueTask.CompletedTask;
        });
        context.AddResponseTransform(response => HideRefusedTokenAsync(response, audience, logger));
    }

    /// <summary>
    /// A failure that isn't in the contract's form was not made by a service of ours but by its server, or by something
    /// between: its text stays here, and the envelope is written for its status.
    /// </summary>
    private static ValueTask KeepEnvelope(ResponseTransformContext response)
    {
        if (response.ProxyResponse is { StatusCode: >= HttpStatusCode.BadRequest } answer
            && answer.Content.Headers.ContentType?.MediaType != "application/json")
        {
            response.SuppressResponseBody = true;
            response.HttpContext.Response.Headers.Clear();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>A service that refuses our token is our own fault, and no sign to the merchant that its key is bad.</summary>
    private static ValueTask HideRefusedTokenAsync(ResponseTransformContext response, string audience, ILogger logger)
    {
        if (response.ProxyResponse?.StatusCode == HttpStatusCode.Unauthorized)
        {
            LogTokenRefused(logger, audience);
            response.SuppressResponseBody = true;
            response.HttpContext.Response.Headers.Clear();
            response.HttpContext.Response.StatusCode = StatusCodes.Status500InternalServerError;
        }

        return ValueTask.CompletedTask;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Audience} refused the caller token: keys or clocks differ")]
    private static partial void LogTokenRefused(ILogger logger, string audience);

    /// <summary>Caller tokens, reused for most of their 60 seconds: signing costs more than all else on the way.</summary>
    internal sealed class CallerTokens(TokenIssuer issuer, TimeProvider time)
    {
        private const int ReuseSeconds = 40;

        /// <summary>The whole Authorization header of a request to this audience.</summary>
        public string HeaderFor(KnownKey key, string audience)
        {
            var now = time.GetUtcNow();
            if (key.Tokens.TryGetValue(audience, out var cached) && cached.Until > now)
            {
                return cached.Header;
            }

            var header = $"Bearer {issuer.IssueCaller(key.Caller, audience)}";
            key.Tokens[audience] = (header, now.AddSeconds(ReuseSeconds));
            return header;
        }
    }
}
