using ArdorQr.Gateway.Clients;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// POST /operator/deposits/{id}/decide: <c>{"decision":"credit"|"refuse","reason":…}</c> on a held deposit, under the
/// rules of Deposits, which learns from us who decides.
/// </summary>
internal static class DecideDeposit
{
    private const string Action = "deposit.decide";

    private sealed record Request
    {
        public required string Decision { get; init; }

        public required string Reason { get; init; }
    }

    public static void MapDecideDeposit(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/operator/deposits/{id}/decide", HandleAsync)
            .WithName(nameof(DecideDeposit)).Needs(OperatorRoles.Finance);

    private static async Task<IResult> HandleAsync(
        string id, HttpContext context, [FromServices] DepositsClient deposits, [FromServices] AuditLog audit,
        CancellationToken cancellationToken)
    {
        var depositId = ListQuery.Id(id);
        var request = await JsonBody.ReadAsync<Request>(context, cancellationToken);
        var reason = Reason.Required(request.Reason);
        var decided = await audit.RunAsync(
            context, new AuditEntry(Action, $"{depositId}", null, reason, null, new { request.Decision }),
            @operator => deposits.DecideAsync(depositId, request.Decision, reason, @operator, cancellationToken),
            cancellationToken);
        return Results.Text(decided, "application/json; charset=utf-8");
    }
}
