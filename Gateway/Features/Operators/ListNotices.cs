using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// GET /operator/notices: what services told the operators of, newest first, by <c>limit</c> and <c>before</c>, of one
/// merchant if it is named.
/// </summary>
internal static class ListNotices
{
    private sealed record Response(IReadOnlyList<NoticeView> Notices);

    private sealed record NoticeView
    {
        public Guid Id { get; init; }
        public string Kind { get; init; } = "";
        public Guid MerchantId { get; init; }
        public string Mode { get; init; } = "";
        public string Reason { get; init; } = "";
        public DateTimeOffset At { get; init; }
    }

    public static void MapListNotices(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/operator/notices", HandleAsync).WithName(nameof(ListNotices));

    private static async Task<IResult> HandleAsync(
        HttpRequest request, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT event_id AS id, kind, merchant_id, mode, reason, occurred_at AS at
            FROM gateway.notice
            WHERE (@before::timestamptz IS NULL OR occurred_at < @before)
              AND (@merchantId::uuid IS NULL OR merchant_id = @merchantId)
            ORDER BY occurred_at DESC, event_id DESC
            LIMIT @limit
            """;
        var (limit, before) = (ListQuery.Limit(request), ListQuery.Before(request));
        Guid? merchantId = request.Query["merchantId"] is [{ } id] ? ListQuery.Id(id, "merchantId") : null;
        await using var connection = await database.OpenAsync(cancellationToken);
        var notices = await connection.QueryAsync<NoticeView>(sql, new { limit, before, merchantId }, cancellationToken);
        return Results.Ok(new Response([.. notices]));
    }
}
