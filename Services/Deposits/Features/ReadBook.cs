using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Deposits.Features;

/// <summary>
/// GET /internal/books/deposits, page by page, and POST /internal/books/deposits/find, by their ids: deposits with what
/// was told of them, for the reconciliation across services. GET /internal/books/deposits/late: older ones that are
/// pending, or were confirmed since.
/// </summary>
internal static class ReadBook
{
    private const string Columns =
        """
        deposit_id AS id, merchant_id, mode, status, credited_kopecks AS amount_minor, fee_kopecks AS fee_minor,
        operation_id, detected_event_id, credited_event_id,
        greatest(created_at, confirmed_at, credited_at, failed_at) AS changed_at
        """;

    /// <summary>A deposit; its amounts are null until it is confirmed to Ledger.</summary>
    internal sealed record Deposit
    {
        public Guid Id { get; init; }
        public Guid MerchantId { get; init; }
        public string Mode { get; init; } = "";
        public string Status { get; init; } = "";
        public long? AmountMinor { get; init; }
        public long? FeeMinor { get; init; }
        public Guid? OperationId { get; init; }
        public Guid? DetectedEventId { get; init; }
        public Guid? CreditedEventId { get; init; }
        public DateTimeOffset ChangedAt { get; init; }
    }

    public static void MapReadBook(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/books/deposits", PageAsync).WithName("ReadDepositBook");
        routes.MapGet("/books/deposits/late", LateAsync).WithName("ReadLateDeposits");
        routes.MapPost("/books/deposits/find", FindAsync).WithName("FindInDepositBook");
    }

    private static async Task<IResult> PageAsync(
        HttpRequest request, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
             SELECT {Columns} FROM deposits.deposit
             WHERE deposit_id > @After AND deposit_id < @Before
             ORDER BY deposit_id
             LIMIT @MaxRows
             """;
        var range = BookQuery.RangeOf(request);
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<Deposit>(
            sql, new { range.After, range.Before, BookQuery.MaxRows }, cancellationToken);
        return TypedResults.Ok(BookQuery.PageOf(rows, row => row.Id));
    }

    private static async Task<IResult> LateAsync(
        HttpRequest request, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
             WITH late AS MATERIALIZED (
                 SELECT deposit_id FROM deposits.deposit WHERE status = 'pending' AND deposit_id < @Before
                 UNION
                 SELECT deposit_id FROM deposits.deposit
                 WHERE mode IN ('live', 'test') AND confirmed_at >= @ChangedFrom AND deposit_id < @Before)
             SELECT {Columns} FROM late JOIN deposits.deposit USING (deposit_id)
             WHERE deposit_id > @After
             ORDER BY deposit_id
             LIMIT @MaxRows
             """;
        var late = BookQuery.LateOf(request);
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<Deposit>(
            sql, new { late.After, late.Before, late.ChangedFrom, BookQuery.MaxRows }, cancellationToken);
        return TypedResults.Ok(BookQuery.PageOf(rows, row => row.Id));
    }

    private static async Task<IResult> FindAsync(
        HttpContext context, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql = $"SELECT {Columns} FROM deposits.deposit WHERE deposit_id = ANY(@ids) ORDER BY deposit_id";
        var ids = await BookQuery.IdsOfAsync(context, cancellationToken);
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<Deposit>(sql, new { ids }, cancellationToken);
        return TypedResults.Ok(new BookQuery.Page<Deposit>([.. rows], null));
    }
}
