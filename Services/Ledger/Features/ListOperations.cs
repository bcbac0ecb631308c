using System.Security.Claims;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Identity;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Ledger.Features;

/// <summary>
/// GET /v1/operations: the wallet's entries, newest first. The times of a wallet's entries differ, so <c>before</c>
/// with the last one's time goes on exactly where the page ended.
/// </summary>
internal static class ListOperations
{
    // One account's index gives the page in order, at any depth: joined, the whole history would be sorted for it.
    internal const string PageSql =
        $"""
        SELECT {OperationRow.Columns}
        FROM (
            SELECT * FROM ledger.entry
            WHERE account_id = (
                    SELECT account_id FROM ledger.wallet WHERE merchant_id = @merchantId AND mode = @mode)
                AND sequence IS NOT NULL AND created_at < coalesce(@before::timestamptz, 'infinity')
            ORDER BY created_at DESC
            LIMIT @limit) AS entry
        JOIN ledger.transfer ON transfer.transfer_id = entry.transfer_id
        ORDER BY entry.created_at DESC
        """;

    internal sealed record Response(IReadOnlyList<OperationView> Operations);

    public static void MapListOperations(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/operations", HandleAsync).WithName(nameof(ListOperations));

    private static async Task<IResult> HandleAsync(
        HttpRequest request, ClaimsPrincipal user, [FromServices] ServiceDatabase database,
        CancellationToken cancellationToken)
    {
        var caller = CallerIdentity.Of(user);
        var (limit, before) = (ListQuery.Limit(request), ListQuery.Before(request));
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<OperationRow>(PageSql, new
        {
            merchantId = caller.MerchantId,
            mode = caller.Mode.Code,
            before = UpToMicrosecond(before),
            limit,
        }, cancellationToken);
        return TypedResults.Ok(new Response([.. rows.Select(row => row.ToView())]));
    }

    /// <summary>The database keeps microseconds: a finer time is rounded up, so that what is before it stays so.</summary>
    private static DateTimeOffset? UpToMicrosecond(DateTimeOffset? before) =>
        before is { } time && time.Ticks % TimeSpan.TicksPerMicrosecond is > 0 and var rest
            ? time.AddTicks(TimeSpan.TicksPerMicrosecond - rest)
            : before;
}
