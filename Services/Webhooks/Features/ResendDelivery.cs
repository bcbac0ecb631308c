using System.Security.Claims;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.Webhooks.Database;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Webhooks.Features;

/// <summary>
/// POST /v1/webhooks/deliveries/{id}/resend: hands the same event over once more, as a delivery of its own.
/// </summary>
internal static class ResendDelivery
{
    internal sealed record Request;

    extension(IEndpointRouteBuilder routes)
    {
        public void MapResendDelivery() =>
            routes.MapPost("/webhooks/deliveries/{id}/resend", HandleAsync).WithName(nameof(ResendDelivery));
    }

    private static async Task<IResult> HandleAsync(
        string id, HttpContext context, ClaimsPrincipal user, [FromServices] ServiceDatabase database,
        [FromServices] ToolLimit limit, [FromServices] DeliverySignal signal, [FromServices] TimeProvider time,
        CancellationToken cancellationToken)
    {
        var caller = WebhookRights.Require(user);
        var deliveryId = ListQuery.Id(id);
        await JsonBody.ReadOptionalAsync<Request>(context, cancellationToken);
        await limit.TakeAsync(caller, cancellationToken);

        await using var transaction = await database.BeginAsync(cancellationToken);
        var resent = await DeliveryViews.FindAsync(
            transaction.Connection, caller.MerchantId, caller.Mode, deliveryId, cancellationToken);
        if (resent is null)
        {
            return CommonErrors.NotFound.ToResult();
        }

        var endpoint = await EndpointLocks.TakeAsync(transaction, caller.MerchantId, caller.Mode, cancellationToken);
        if (endpoint.Url is null)
        {
            return WebhookErrors.NotConfigured.ToResult();
        }

        var newId = Guid.CreateVersion7(time.GetUtcNow());
        if (!await NewDelivery.AddAsync(
            transaction, newId, resent.EventId, endpoint.IsActive, redeliveryOf: deliveryId, cancellationToken))
        {
            return WebhookErrors.PayloadForgotten.ToResult();
        }

        var view = await DeliveryViews.FindAsync(
            transaction.Connection, caller.MerchantId, caller.Mode, newId, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        signal.Wake();
        return TypedResults.Json(view, ApiJson.Options, statusCode: StatusCodes.Status202Accepted);
    }
}
