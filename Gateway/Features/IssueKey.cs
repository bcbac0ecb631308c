using System.Security.Cryptography;
using ArdorQr.Contracts;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features;

/// <summary>POST /v1/keys: a new key; its secret leaves us in this answer and never again.</summary>
internal static class IssueKey
{
    public static void MapIssueKey(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/keys", HandleAsync).WithName(nameof(IssueKey));

    private static async Task<IResult> HandleAsync(
        HttpContext context, [FromServices] ServiceDatabase database, [FromServices] RandomNumberGenerator random,
        [FromServices] TimeProvider time, CancellationToken cancellationToken)
    {
        var issuer = KnownKey.Of(context, KeyRules.Keys);
        var request = await JsonBody.ReadOptionalAsync<KeyRequest>(context, cancellationToken) ?? new KeyRequest();
        if (!KeyRules.CanManage(issuer.Mode, request.Mode ?? Mode.Live))
        {
            return GatewayErrors.TestKeyNeedsTestMode.ToResult();
        }

        await using var transaction = await database.BeginAsync(cancellationToken);
        // Locked, so that the count of its keys holds until the commit.
        await Merchants.LockAsync(transaction, issuer.Merchant.Id, cancellationToken);
        var key = await request.IssueAsync(transaction, issuer.Merchant.Id, issuer.Grant, random, time, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return Results.Json(key, statusCode: StatusCodes.Status201Created);
    }
}
