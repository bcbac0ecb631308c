using System.Text.Json.Nodes;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Sandbox.Features.Chain;

/// <summary>GET /chain/api/v3/transactions: of accounts or by hash, from their block on.</summary>
internal static class ListTransactions
{
    extension(IEndpointRouteBuilder routes)
    {
        public void MapListTransactions() => routes.MapGet("/transactions", HandleAsync);
    }

    private static async Task<IResult> HandleAsync(HttpRequest request, ServiceDatabase database, CancellationToken cancellationToken)
    {
        var query = new ChainQuery(request.Query);
        var parameters = new
        {
            accounts = query.Addresses("account"),
            hash = query.Hash,
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
            SELECT body FROM sandbox.chain_transaction
            WHERE (@accounts::text[] IS NULL OR account = ANY(@accounts))
                AND (@hash::text IS NULL OR hash = @hash)
                AND lt BETWEEN @startLt AND @endLt
                AND seqno <= {ChainHead.SeqnoSql}
            ORDER BY lt {order}
            LIMIT @limit OFFSET @offset
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<string>(sql, parameters, cancellationToken);
        return TypedResults.Json(new JsonObject
        {
            ["transactions"] = new JsonArray([.. rows.Select(row => JsonNode.Parse(row))]),
            ["address_book"] = new JsonObject(),
        });
    }
}
