using System.Globalization;
using System.Text.Json;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// POST /operator/reconciliation/runs/{id}/discrepancies/{number}/accept: a difference that stays in the books though it
/// was clarified is no discrepancy of later runs, as long as both sides say what they say now. A service's own check
/// can't be accepted: it is put right.
/// </summary>
internal static class AcceptDiscrepancy
{
    private sealed record Request
    {
        public required string Reason { get; init; }
    }

    public static void MapAcceptDiscrepancy(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/operator/reconciliation/runs/{id}/discrepancies/{number}/accept", HandleAsync)
            .WithName(nameof(AcceptDiscrepancy)).Needs(OperatorRoles.Finance);

    private static async Task<IResult> HandleAsync(
        string id, string number, HttpContext context, [FromServices] ServiceDatabase database, [FromServices] AuditLog audit,
        CancellationToken cancellationToken)
    {
        var reason = Reason.Required((await JsonBody.ReadAsync<Request>(context, cancellationToken)).Reason);
        var runId = ListQuery.Id(id);
        var @operator = OperatorIdentity.Of(context).Name;
        await using var transaction = await database.BeginAsync(cancellationToken);
        if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var found)
            || await AcceptedDiscrepancies.AcceptAsync(transaction, runId, found, reason, @operator, cancellationToken)
                is not { } details)
        {
            return CommonErrors.NotFound.ToResult();
        }

        var discrepancy = StartReconciliation.Numbered(found, details);
        await audit.AddAsync(
            transaction, context, @operator,
            new AuditEntry("reconciliation.accept", $"{runId}/{found}", null, reason, After: discrepancy), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return Results.Json(discrepancy, ApiJson.Options);
    }
}
