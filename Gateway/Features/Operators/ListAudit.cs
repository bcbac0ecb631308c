using System.Text.Json;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// GET /operator/audit: what operators did, newest first, by <c>limit</c> and <c>before</c>, of one merchant or operator
/// if it is named.
/// </summary>
internal static class ListAudit
{
    private sealed record Response(IEnumerable<EntryView> Entries);

    private sealed record EntryView(
        Guid Id, DateTimeOffset At, string Operator, string Action, string SubjectId, Guid? MerchantId, string? Reason,
        JsonElement? Before, JsonElement? After, string RequestId);

    private sealed record Row
    {
        public Guid Id { get; init; }
        public DateTimeOffset At { get; init; }
        public string Operator { get; init; } = "";
        public string Action { get; init; } = "";
        public string SubjectId { get; init; } = "";
        public Guid? MerchantId { get; init; }
        public string? Reason { get; init; }
        public string? Before { get; init; }
        public string? After { get; init; }
        public string RequestId { get; init; } = "";
    }

    public static void MapListAudit(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/operator/audit", HandleAsync).WithName(nameof(ListAudit));

    private static async Task<IResult> HandleAsync(
        HttpRequest request, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT id, at, operator, action, subject_id, merchant_id, reason, before::text, after::text, request_id
            FROM gateway.audit_entry
            WHERE (@before::timestamptz IS NULL OR at < @before)
              AND (@merchantId::uuid IS NULL OR merchant_id = @merchantId)
              AND (@operator::text IS NULL OR operator = @operator)
            ORDER BY at DESC, id DESC
            LIMIT @limit
            """;
        var (limit, before) = (ListQuery.Limit(request), ListQuery.Before(request));
        Guid? merchantId = request.Query["merchantId"] is [{ } id] ? ListQuery.Id(id, "merchantId") : null;
        string? @operator = request.Query["operator"] is [{ } name] ? name : null;
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(sql, new { limit, before, merchantId, @operator }, cancellationToken);
        return Results.Ok(new Response(rows.Select(row => new EntryView(
            row.Id, row.At, row.Operator, row.Action, row.SubjectId, row.MerchantId, row.Reason, Json(row.Before),
            Json(row.After), row.RequestId))));
    }

    private static JsonElement? Json(string? text) =>
        text is null ? null : JsonSerializer.Deserialize<JsonElement>(text);
}
