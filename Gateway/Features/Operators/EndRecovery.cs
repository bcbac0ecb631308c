using System.Text.Json;
using ArdorQr.Gateway.Clients;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.Gateway.Features.Recovery;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// POST /operator/recovery/end: after a restore, money and webhooks leave again. Refused while any service has something
/// unmatched. Repeating it is harmless.
/// </summary>
internal static class EndRecovery
{
    private const string Action = "recovery.end";
    private const string Subject = "recovery";

    private sealed record Request
    {
        public required string Reason { get; init; }
    }

    public static void MapEndRecovery(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/operator/recovery/end", HandleAsync).WithName(nameof(EndRecovery)).Needs(OperatorRoles.Admin);

    private static async Task<IResult> HandleAsync(
        HttpContext context, [FromServices] RecoveryClient services, [FromServices] JumpNumbers numbers,
        [FromServices] AuditLog audit, CancellationToken cancellationToken)
    {
        var reason = Reason.Required((await JsonBody.ReadAsync<Request>(context, cancellationToken)).Reason);
        var before = await ShowRecovery.ReadAsync(services, numbers, cancellationToken);
        if (!before.Matched)
        {
            return GatewayErrors.RecoveryNotMatched.ToResult();
        }

        var ended = await audit.RunAsync(
            context, new AuditEntry(Action, Subject, null, reason),
            async @operator =>
            {
                foreach (var service in RecoveryClient.Services)
                {
                    await services.EndAsync(service, @operator, reason, cancellationToken);
                }

                return JsonSerializer.SerializeToUtf8Bytes(
                    await ShowRecovery.ReadAsync(services, numbers, cancellationToken), ApiJson.Options);
            }, cancellationToken, _ => before);
        return Results.Text(ended, "application/json; charset=utf-8");
    }
}
