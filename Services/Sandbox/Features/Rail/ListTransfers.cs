using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;

namespace ArdorQr.Sandbox.Features.Rail;

/// <summary>GET /rail/v1/transfers?from&amp;to: the rail's statement, transfers by their first sight, oldest first.</summary>
internal static class ListTransfers
{
    private const int MaxRows = 1_000;

    internal sealed record Response(IReadOnlyList<RailAnswers.Transfer> Transfers);

    extension(IEndpointRouteBuilder routes)
    {
        public void MapListTransfers() => routes.MapGet("/transfers", HandleAsync);
    }

    private static async Task<IResult> HandleAsync(
        DateTimeOffset from, DateTimeOffset to, ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            SELECT {RailTransferRow.Columns} FROM sandbox.rail_transfer
            WHERE first_seen_at >= @from AND first_seen_at < @to
            ORDER BY first_seen_at, transfer_id
            LIMIT @limit
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<RailTransferRow>(
            sql, new { from = from.ToUniversalTime(), to = to.ToUniversalTime(), limit = MaxRows }, cancellationToken);
        return TypedResults.Json(
            new Response([.. rows.Select(row => new RailAnswers.Transfer(row.TransferId, row.Current.Status, row.Current.Reason, row.AmountKopecks))]),
            ApiJson.Options);
    }
}
