using ArdorQr.Contracts;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features;

/// <summary>DELETE /v1/keys/{id}: from the commit on, within a second, no replica takes the key.</summary>
internal static class RevokeKey
{
    private sealed record Response(bool Revoked);

    private sealed record Row
    {
        public Mode Mode { get; init; } = Mode.Test;
        public DateTimeOffset? RevokedAt { get; init; }
        public int OtherActiveLive { get; init; }
    }

    private abstract record Outcome
    {
        internal sealed record Revoked : Outcome;

        internal sealed record Refused(ApiError Error) : Outcome;
    }

    public static void MapRevokeKey(this IEndpointRouteBuilder routes) =>
        routes.MapDelete("/v1/keys/{id}", HandleAsync).WithName(nameof(RevokeKey));

    private static async Task<IResult> HandleAsync(
        string id, HttpContext context, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        var key = KnownKey.Of(context, KeyRules.Keys);
        return await ExecuteAsync(database, key, ListQuery.Id(id), cancellationToken) switch
        {
            Outcome.Revoked => Results.Ok(new Response(true)),
            Outcome.Refused refused => refused.Error.ToResult(),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    private static async Task<Outcome> ExecuteAsync(
        ServiceDatabase database, KnownKey revoker, Guid id, CancellationToken cancellationToken)
    {
        const string findSql =
            """
            SELECT mode, revoked_at, (
                SELECT count(*)::int FROM gateway.api_key AS other
                WHERE other.merchant_id = @merchantId AND other.mode = 'live' AND other.revoked_at IS NULL
                  AND other.id <> @id) AS other_active_live
            FROM gateway.api_key
            WHERE id = @id AND merchant_id = @merchantId
            """;
        const string revokeSql = "UPDATE gateway.api_key SET revoked_at = clock_timestamp() WHERE id = @id";
        var merchantId = revoker.Merchant.Id;
        await using var transaction = await database.BeginAsync(cancellationToken);
        await Merchants.LockAsync(transaction, merchantId, cancellationToken); // Of two last keys only one can go.
        var row = await transaction.QuerySingleOrDefaultAsync<Row>(findSql, new { id, merchantId }, cancellationToken);
        switch (row)
        {
            case null:
                return new Outcome.Refused(CommonErrors.NotFound);
            case var other when !KeyRules.CanManage(revoker.Mode, other.Mode):
                return new Outcome.Refused(GatewayErrors.TestKeyManagesTestKeys);
            case { RevokedAt: not null }:
                return new Outcome.Revoked();
            case { OtherActiveLive: 0 } when row.Mode == Mode.Live:
                return new Outcome.Refused(GatewayErrors.KeyLastActive);
        }

        await transaction.ExecuteAsync(revokeSql, new { id }, cancellationToken);
        await Changes.AnnounceAsync(transaction, merchantId, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new Outcome.Revoked();
    }
}
