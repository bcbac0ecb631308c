using System.Security.Cryptography;
using ArdorQr.Contracts;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// GET and POST /operator/merchants/{id}/keys, DELETE /operator/merchants/{id}/keys/{keyId}: any merchant's keys, a
/// suspended one's too. A leaked key is revoked here even if it is the last one.
/// </summary>
internal static class ManageMerchantKeys
{
    private sealed record RevokedResponse(bool Revoked);

    public static void MapManageMerchantKeys(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/operator/merchants/{id}/keys", ListAsync).WithName("ListMerchantKeys");
        routes.MapPost("/operator/merchants/{id}/keys", IssueAsync).WithName("IssueMerchantKey").Needs(OperatorRoles.Support);
        routes.MapDelete("/operator/merchants/{id}/keys/{keyId}", RevokeAsync)
            .WithName("RevokeMerchantKey").Needs(OperatorRoles.Support);
    }

    private static async Task<IResult> ListAsync(
        string id, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        var merchantId = ListQuery.Id(id);
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleAsync<bool>(
            "SELECT EXISTS (SELECT FROM gateway.merchant WHERE id = @merchantId)", new { merchantId }, cancellationToken)
                ? Results.Ok(new ListKeys.Response(await KeyList.ReadAsync(connection, merchantId, Mode.All, cancellationToken)))
                : CommonErrors.NotFound.ToResult();
    }

    private static async Task<IResult> IssueAsync(
        string id, HttpContext context, [FromServices] ServiceDatabase database, [FromServices] AuditLog audit,
        [FromServices] RandomNumberGenerator random, [FromServices] TimeProvider time, CancellationToken cancellationToken)
    {
        var merchantId = ListQuery.Id(id);
        var request = await JsonBody.ReadOptionalAsync<KeyRequest>(context, cancellationToken) ?? new KeyRequest();
        await using var transaction = await database.BeginAsync(cancellationToken);
        if (await Merchants.LockAsync(transaction, merchantId, cancellationToken) is null)
        {
            return CommonErrors.NotFound.ToResult();
        }

        var key = await request.IssueAsync(transaction, merchantId, KeyGrant.Everything, random, time, cancellationToken);
        await audit.AddAsync(
            transaction, context, OperatorIdentity.Of(context).Name,
            new AuditEntry("key.issue", $"{key.Id}", merchantId, After: new
            {
                key.Hint, key.Mode, key.Label, key.Permissions, key.AllowedIps, key.MaxPaymentMinor, key.DailyLimitMinor,
            }),
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return Results.Json(key, statusCode: StatusCodes.Status201Created);
    }

    private static async Task<IResult> RevokeAsync(
        string id, string keyId, HttpContext context, [FromServices] ServiceDatabase database, [FromServices] AuditLog audit,
        CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE gateway.api_key SET revoked_at = clock_timestamp()
            WHERE id = @id AND merchant_id = @merchantId AND revoked_at IS NULL
            RETURNING hint, revoked_at
            """;
        const string existsSql =
            "SELECT EXISTS (SELECT FROM gateway.api_key WHERE id = @id AND merchant_id = @merchantId)";
        var key = new { id = ListQuery.Id(keyId, "keyId"), merchantId = ListQuery.Id(id) };
        var reason = Reason.OfQuery(context);
        await using var transaction = await database.BeginAsync(cancellationToken);
        await Merchants.LockAsync(transaction, key.merchantId, cancellationToken);
        if (await transaction.QuerySingleOrDefaultAsync<Row>(sql, key, cancellationToken) is not { } revoked)
        {
            return await transaction.QuerySingleAsync<bool>(existsSql, key, cancellationToken)
                ? Results.Ok(new RevokedResponse(true))
                : CommonErrors.NotFound.ToResult();
        }

        await Changes.AnnounceAsync(transaction, key.merchantId, cancellationToken);
        await audit.AddAsync(
            transaction, context, OperatorIdentity.Of(context).Name,
            new AuditEntry(
                "key.revoke", $"{key.id}", key.merchantId, reason, new { revoked.Hint, revokedAt = (string?)null },
                new { revoked.Hint, revoked.RevokedAt }),
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return Results.Ok(new RevokedResponse(true));
    }

    private sealed record Row
    {
        public string Hint { get; init; } = "";
        public DateTimeOffset RevokedAt { get; init; }
    }
}
