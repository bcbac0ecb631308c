using ArdorQr.Gateway.Clients;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features;

/// <summary>POST /operator/payments/{id}/settle: ends a payment in review, under the rules of Payments.</summary>
internal static class SettlePayment
{
    public static void MapSettlePayment(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/operator/payments/{id}/settle", HandleAsync).WithName(nameof(SettlePayment));

    private static async Task<IResult> HandleAsync(
        string id, HttpContext context, [FromServices] PaymentsClient payments, CancellationToken cancellationToken)
    {
        var paymentId = ListQuery.Id(id);
        var body = await JsonBody.ReadBytesAsync(context, cancellationToken);
        return Results.Text(
            await payments.SettleAsync(paymentId, body, cancellationToken), "application/json; charset=utf-8");
    }
}
