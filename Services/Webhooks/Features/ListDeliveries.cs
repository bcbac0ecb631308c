using System.Security.Claims;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.Webhooks.Database;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Webhooks.Features;

/// <summary>GET /v1/webhooks/deliveries: the log of deliveries with their attempts, newest first.</summary>
internal static class ListDeliveries
{
    private static readonly string[] Statuses = ["pending", "delivered", "failed"];

    internal sealed record Response(IReadOnlyList<DeliveryView> Deliveries);

    extension(IEndpointRouteBuilder routes)
    {
        public void MapListDeliveries() => routes.MapGet("/webhooks/deliveries", HandleAsync)
            .WithName(nameof(ListDeliveries));
    }

    private static async Task<Response> HandleAsync(
        HttpRequest request, ClaimsPrincipal user, [FromServices] ServiceDatabase database,
        CancellationToken cancellationToken)
    {
        var caller = CallerIdentity.Of(user);
        var (limit, status, eventId) = (ListQuery.Limit(request), StatusOf(request), EventIdOf(request));
        var before = ListQuery.Before(request);
        await using var connection = await database.OpenAsync(cancellationToken);
        return new Response(await DeliveryViews.ListAsync(
            connection, caller.MerchantId, caller.Mode, limit, status, eventId, before, cancellationToken));
    }

    private static string? StatusOf(HttpRequest request)
    {
        if (!request.Query.TryGetValue("status", out var values))
        {
            return null;
        }

        return values.Count == 1 && Statuses.Contains(values[0])
            ? values[0]
            : throw new RejectedException(
                CommonErrors.ValidationFailed("status", "Параметр status — pending, delivered или failed."));
    }

    private static Guid? EventIdOf(HttpRequest request) =>
        request.Query.TryGetValue("eventId", out var values) ? ListQuery.Id(values.ToString(), "eventId") : null;
}
