using System.Security.Claims;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.Webhooks.Database;
using ArdorQr.Webhooks.Domain;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Webhooks.Features;

/// <summary>
/// POST /v1/webhooks/test: sends a signed sample event, so that a receiver can be tried without money.
/// </summary>
internal static class SendTestEvent
{
    internal sealed record Request
    {
        public required string? Type { get; init; }
    }

    extension(IEndpointRouteBuilder routes)
    {
        public void MapSendTestEvent() => routes.MapPost("/webhooks/test", HandleAsync).WithName(nameof(SendTestEvent));
    }

    private static async Task<IResult> HandleAsync(
        HttpContext context, ClaimsPrincipal user, [FromServices] ServiceDatabase database,
        [FromServices] ToolLimit limit, [FromServices] DeliverySignal signal, [FromServices] TimeProvider time,
        CancellationToken cancellationToken)
    {
        var caller = WebhookRights.Require(user);
        var request = await JsonBody.ReadAsync<Request>(context, cancellationToken);
        if (request.Type is not { } type || !WebhookTypes.All.Contains(type))
        {
            return CommonErrors.ValidationFailed("type", $"Поле type — одно из: {string.Join(", ", WebhookTypes.All)}.")
                .ToResult();
        }

        await limit.TakeAsync(caller, cancellationToken);
        await using var transaction = await database.BeginAsync(cancellationToken);
        var endpoint = await EndpointLocks.TakeAsync(transaction, caller.MerchantId, caller.Mode, cancellationToken);
        if (endpoint.Url is null)
        {
            return WebhookErrors.NotConfigured.ToResult();
        }

        var now = time.GetUtcNow();
        var (eventId, deliveryId) = (Guid.CreateVersion7(now), Guid.CreateVersion7(now));
        var sample = new OwnerEvent(
            eventId, caller.MerchantId, caller.Mode, type, now, SampleEvents.DataOf(type, caller.Mode, time));
        await NewDelivery.TryAddEventAsync(transaction, sample.ToStored(), cancellationToken);
        await NewDelivery.AddAsync(
            transaction, deliveryId, eventId, endpoint.IsActive, redeliveryOf: null, cancellationToken);
        var view = await DeliveryViews.FindAsync(
            transaction.Connection, caller.MerchantId, caller.Mode, deliveryId, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        signal.Wake();
        return TypedResults.Json(view, ApiJson.Options, statusCode: StatusCodes.Status202Accepted);
    }
}
