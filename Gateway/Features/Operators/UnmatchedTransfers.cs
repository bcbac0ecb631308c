using ArdorQr.Gateway.Clients;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// GET /operator/recovery/transfers: what the rail was found to have executed after a restore and no payment explains;
/// nothing is paid by its codes until POST /operator/recovery/transfers/{id}/close. No money moves by either.
/// </summary>
internal static class UnmatchedTransfers
{
    private const string Action = "recovery.transfer.close";

    private sealed record Request
    {
        public required string Reason { get; init; }
    }

    public static void MapUnmatchedTransfers(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/operator/recovery/transfers", ListAsync).WithName("ListUnmatchedTransfers");
        routes.MapPost("/operator/recovery/transfers/{id}/close", CloseAsync)
            .WithName("CloseUnmatchedTransfer").Needs(OperatorRoles.Finance);
    }

    private static async Task<IResult> ListAsync(
        HttpRequest request, [FromServices] PaymentsClient payments, CancellationToken cancellationToken)
    {
        return await payments.ListUnmatchedAsync(request.PageQuery(), cancellationToken).ToResultAsync();
    }

    private static async Task<IResult> CloseAsync(
        string id, HttpContext context, [FromServices] PaymentsClient payments, [FromServices] AuditLog audit,
        CancellationToken cancellationToken)
    {
        var transferId = ListQuery.Id(id);
        var reason = Reason.Required((await JsonBody.ReadAsync<Request>(context, cancellationToken)).Reason);
        var closed = await audit.RunAsync(
            context, new AuditEntry(Action, $"{transferId}", null, reason),
            @operator => payments.CloseUnmatchedAsync(transferId, @operator, reason, cancellationToken), cancellationToken);
        return Results.Text(closed, "application/json; charset=utf-8");
    }
}
