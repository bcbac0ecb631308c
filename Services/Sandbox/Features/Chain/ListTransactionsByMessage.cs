using System.Text.Json.Nodes;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Sandbox.Features.Chain;

/// <summary>
/// GET /chain/api/v3/transactionsByMessage: which transaction sent a message, and which one it reached.
/// </summary>
internal static class ListTransactionsByMessage
{
    extension(IEndpointRouteBuilder routes)
    {
        public void MapListTransactionsByMessage() => routes.MapGet("/transactionsByMessage", HandleAsync);
    }

    private static async Task<IResult> HandleAsync(
        HttpRequest request, ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            SELECT body FROM sandbox.chain_transaction
            WHERE ((@direction <> 'out' AND in_hash = @hash) OR (@direction <> 'in' AND out_hashes @> to_jsonb(@hash)))
                AND seqno <= {ChainHead.SeqnoSql}
            ORDER BY lt
            LIMIT @limit OFFSET @offset
            """;
        var query = new ChainQuery(request.Query);
        var parameters = new
        {
            hash = request.Query["msg_hash"].ToString(),
            direction = request.Query["direction"].ToString(),
            limit = query.Limit,
            offset = query.Offset,
        };
        if (query.Fault is { } fault)
        {
            return ChainQuery.Error(fault);
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<string>(sql, parameters, cancellationToken);
        return TypedResults.Json(new JsonObject
        {
            ["transactions"] = new JsonArray([.. rows.Select(row => JsonNode.Parse(row))]),
            ["address_book"] = new JsonObject(),
        });
    }
}
