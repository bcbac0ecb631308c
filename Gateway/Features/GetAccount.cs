using ArdorQr.Gateway.Clients;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features;

/// <summary>GET /v1/account: the merchant with its webhook endpoint, which Webhooks owns.</summary>
internal static class GetAccount
{
    public static void MapGetAccount(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/account", HandleAsync).WithName(nameof(GetAccount));

    private static async Task<IResult> HandleAsync(
        HttpContext context, [FromServices] WebhooksClient webhooks, CancellationToken cancellationToken)
    {
        var key = KnownKey.Of(context, KeyRules.Read);
        var endpoint = await webhooks.GetAsync(key.Merchant.Id, key.Mode, cancellationToken);
        return Results.Ok(AccountView.Of(key.Merchant, endpoint));
    }
}
