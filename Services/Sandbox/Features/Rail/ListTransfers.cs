using System.Globalization;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;

namespace ArdorQr.Sandbox.Features.Rail;

/// <summary>GET /rail/v1/transfers?from&amp;to: the rail's statement, transfers by their first sight, oldest first.</summary>
internal static class ListTransfers
{
    private const int MaxRows = 1_000;

    /// <summary>What a page ends with: where the next one begins (its first rows may be this one's last), or null.</summary>
    internal sealed record Response(IReadOnlyList<RailAnswers.StatementLine> Transfers, DateTimeOffset? NextFrom);

    extension(IEndpointRouteBuilder routes)
    {
        public void MapListTransfers() => routes.MapGet("/transfers", HandleAsync);
    }

    private static async Task<IResult> HandleAsync(
        string? from, string? to, ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            SELECT {RailTransferRow.Columns} FROM sandbox.rail_transfer
            WHERE first_seen_at >= @since AND first_seen_at < @until
            ORDER BY first_seen_at, transfer_id
            LIMIT @limit
            """;
        if (!TryRead(from, out var since) || !TryRead(to, out var until))
        {
            return RailAnswers.Error(StatusCodes.Status400BadRequest, "from and to are times");
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = (await connection.QueryAsync<RailTransferRow>(sql, new { since, until, limit = MaxRows }, cancellationToken)).ToList();
        var nextFrom = rows.Count == MaxRows ? rows[^1].FirstSeenAt : null;
        return TypedResults.Json(new Response([.. rows.Select(RailAnswers.Line)], nextFrom), ApiJson.Options);
    }

    private static bool TryRead(string? text, out DateTimeOffset time) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
}
