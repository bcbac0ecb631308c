using ArdorQr.Gateway.Clients;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features;

/// <summary>
/// POST /operator/deposits/{id}/decide: <c>{"decision":"credit"|"refuse","reason":…}</c> on a held deposit, under the
/// rules of Deposits.
/// </summary>
internal static class DecideDeposit
{
    public static void MapDecideDeposit(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/operator/deposits/{id}/decide", HandleAsync).WithName(nameof(DecideDeposit));

    private static async Task<IResult> HandleAsync(
        string id, HttpContext context, [FromServices] DepositsClient deposits, CancellationToken cancellationToken)
    {
        var depositId = ListQuery.Id(id);
        var body = await JsonBody.ReadBytesAsync(context, cancellationToken);
        return Results.Text(
            await deposits.DecideAsync(depositId, body, cancellationToken), "application/json; charset=utf-8");
    }
}
