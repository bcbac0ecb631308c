using ArdorQr.ServiceDefaults.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ArdorQr.ServiceDefaults.Identity;

/// <summary>Who may call what: <c>/v1</c> takes callers' tokens from the Gateway only, <c>/internal</c> services' only.</summary>
public static class IdentityRegistration
{
    /// <summary>The only issuer of callers' tokens.</summary>
    public const string GatewayIssuer = "gateway";

    private const string CallerScheme = "Caller";
    private const string ServiceScheme = "Service";

    /// <summary>The group of a service's public endpoints, <c>/v1/…</c>: each requires a caller's token.</summary>
    public static RouteGroupBuilder MapPublicApi(this IEndpointRouteBuilder routes) =>
        routes.MapGroup("/v1").RequireAuthorization(policy => policy
            .AddAuthenticationSchemes(CallerScheme).RequireAuthenticatedUser());

    /// <summary>A group of internal endpoints, <c>/internal/…</c>: each requires a service's token with this scope.</summary>
    public static RouteGroupBuilder MapInternalApi(this IEndpointRouteBuilder routes, string scope) =>
        routes.MapGroup("/internal").RequireAuthorization(policy => policy
            .AddAuthenticationSchemes(ServiceScheme).RequireClaim(TokenIssuer.ScopeClaim, scope));

    /// <summary>A client of another service: its address by service discovery, our service token on every call.</summary>
    /// <param name="services">The service's collection.</param>
    /// <param name="audience">The other service's name.</param>
    /// <param name="scope">The one scope that the calls need.</param>
    public static IHttpClientBuilder AddServiceClient<TClient>(this IServiceCollection services, string audience, string scope)
        where TClient : class =>
        services.AddPeers(audience).AddHttpClient<TClient>(client => client.BaseAddress = new Uri($"https+http://{audience}"))
            .AddHttpMessageHandler(provider => new ServiceTokenHandler(provider.GetRequiredService<TokenIssuer>(), audience, scope));

    /// <summary>Other services that are called: without their addresses the service doesn't start.</summary>
    public static IServiceCollection AddPeers(this IServiceCollection services, params IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            services.AddSingleton(new Peer(name));
        }

        return services;
    }

    internal static void AddIdentity(this WebApplicationBuilder builder, string service)
    {
        builder.Services.AddSingleton(new ServiceName(service));
        builder.Services.AddSingleton<IValidateOptions<IdentityOptions>, IdentityOptionsValidator>();
        builder.Services.AddOptionsWithValidateOnStart<IdentityOptions>().BindConfiguration(IdentityOptions.Section);
        builder.Services.AddSingleton<TokenIssuer>();
        if (service == GatewayIssuer)
        {
            return; // It takes keys, and no tokens.
        }

        builder.Services.AddSingleton<ValidatedTokens>();
        builder.Services.AddAuthentication()
            .AddScheme<TokenAuthenticationOptions, TokenAuthentication>(CallerScheme, options =>
            {
                options.TokenType = TokenIssuer.CallerType;
                options.OnlyIssuer = GatewayIssuer;
            })
            .AddScheme<TokenAuthenticationOptions, TokenAuthentication>(ServiceScheme, options => options.TokenType = TokenIssuer.ServiceType);
        builder.Services.AddAuthorization();
    }

    private sealed class ServiceTokenHandler(TokenIssuer tokens, string audience, string scope) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization = new("Bearer", tokens.IssueService(audience, scope));
            return base.SendAsync(request, cancellationToken);
        }
    }
}
