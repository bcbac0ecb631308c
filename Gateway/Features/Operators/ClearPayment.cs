using ArdorQr.Gateway.Clients;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// POST /operator/payments/{id}/clear: the rail has contradicted a settlement by hand, and an operator has dealt with
/// it; the payment leaves the review. No money moves.
/// </summary>
internal static class ClearPayment
{
    private const string Action = "payment.clear";

    private sealed record Request
    {
        public required string Reason { get; init; }
    }

    public static void MapClearPayment(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/operator/payments/{id}/clear", HandleAsync)
            .WithName(nameof(ClearPayment)).Needs(OperatorRoles.Finance);

    private static async Task<IResult> HandleAsync(
        string id, HttpContext context, [FromServices] PaymentsClient payments, [FromServices] AuditLog audit,
        CancellationToken cancellationToken)
    {
        var paymentId = ListQuery.Id(id);
        var request = await JsonBody.ReadAsync<Request>(context, cancellationToken);
        var reason = Reason.Required(request.Reason);
        var cleared = await audit.RunAsync(
            context, new AuditEntry(Action, $"{paymentId}", null, reason),
            _ => payments.ClearAsync(paymentId, reason, cancellationToken), cancellationToken);
        return Results.Text(cleared, "application/json; charset=utf-8");
    }
}
