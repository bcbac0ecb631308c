using ArdorQr.Gateway.Clients;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features;

/// <summary>PUT /v1/webhooks: Webhooks judges and keeps the endpoint, the answer shows it as part of the account.</summary>
internal static class PutWebhooks
{
    /// <param name="Merchant">The account, with the endpoint as it is now.</param>
    /// <param name="Secret">Shown at first set-up and on rotation only.</param>
    internal sealed record Response(AccountView Merchant, string? Secret);

    public static void MapPutWebhooks(this IEndpointRouteBuilder routes) =>
        routes.MapPut("/v1/webhooks", HandleAsync).WithName(nameof(PutWebhooks));

    private static async Task<IResult> HandleAsync(
        HttpContext context, [FromServices] WebhooksClient webhooks, CancellationToken cancellationToken)
    {
        var key = KnownKey.Of(context, KeyRules.Webhooks);
        var body = await JsonBody.ReadBytesAsync(context, cancellationToken);
        var endpoint = await webhooks.PutAsync(key.Merchant.Id, key.Mode, body, cancellationToken);
        return Results.Ok(new Response(AccountView.Of(key.Merchant, endpoint), endpoint.Secret));
    }
}
