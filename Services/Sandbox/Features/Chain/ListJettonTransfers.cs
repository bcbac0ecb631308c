using System.Text.Json.Nodes;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Sandbox.Features.Chain;

/// <summary>GET /chain/api/v3/jetton/transfers: transfers to owners, from their block on.</summary>
internal static class ListJettonTransfers
{
    extension(IEndpointRouteBuilder routes)
    {
        public void MapListJettonTransfers() => routes.MapGet("/jetton/transfers", HandleAsync);
    }

    private static async Task<IResult> HandleAsync(
        HttpRequest request, ServiceDatabase database, CancellationToken cancellationToken)
    {
        var query = new ChainQuery(request.Query);
        var parameters = new
        {
            owners = query.Addresses("owner_address"),
            masters = query.Addresses("jetton_master"),
            startLt = query.StartLt,
            endLt = query.EndLt,
            limit = query.Limit,
            offset = query.Offset,
        };
        if (query.Fault is { } fault)
        {
            return ChainQuery.Error(fault);
        }

        var order = query.Ascending ? "ASC" : "DESC";
        var sql =
            $"""
            SELECT body FROM sandbox.jetton_transfer
            WHERE (@owners::text[] IS NULL OR owner = ANY(@owners))
                AND (@masters::text[] IS NULL OR master = ANY(@masters))
                AND lt BETWEEN @startLt AND @endLt
                AND shown_seqno <= {ChainHead.SeqnoSql}
            ORDER BY lt {order}
            LIMIT @limit OFFSET @offset
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = request.Query["direction"].ToString() is "out" ? [] : await connection.QueryAsync<string>(sql, parameters, cancellationToken);
        return TypedResults.Json(new JsonObject
        {
            ["jetton_transfers"] = new JsonArray([.. rows.Select(row => JsonNode.Parse(row))]),
            ["address_book"] = new JsonObject(),
            ["metadata"] = new JsonObject(),
        });
    }
}
