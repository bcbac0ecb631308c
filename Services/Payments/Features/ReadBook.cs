using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;

namespace ArdorQr.Payments.Features;

/// <summary>
/// GET /internal/books/payments, page by page, and POST /internal/books/payments/find, by their ids: debited payments
/// with what was told of them, for the reconciliation across services. Pages go by the debits' ids, which are Ledger's.
/// GET /internal/books/payments/late: older ones that are in review, or have ended since.
/// </summary>
internal static class ReadBook
{
    private const string Columns =
        """
        debit_id AS id, payment_id, merchant_id, mode, state AS status, total_kopecks AS total_minor, operation_id,
        processing_event_id, CASE state WHEN 'completed' THEN outcome_event_id END AS completed_event_id,
        failed_event_id, changed_at
        """;

    /// <summary>A payment; the debit's id and the events' are null until there are such.</summary>
    internal sealed record Payment
    {
        public Guid? Id { get; init; }
        public Guid PaymentId { get; init; }
        public Guid MerchantId { get; init; }
        public string Mode { get; init; } = "";
        public string Status { get; init; } = "";
        public long TotalMinor { get; init; }
        public Guid? OperationId { get; init; }
        public Guid? ProcessingEventId { get; init; }
        public Guid? CompletedEventId { get; init; }
        public Guid? FailedEventId { get; init; }
        public DateTimeOffset ChangedAt { get; init; }
    }

    public static void Map(RouteGroupBuilder routes)
    {
        routes.MapGet("/books/payments", PageAsync);
        routes.MapGet("/books/payments/late", LateAsync);
        routes.MapPost("/books/payments/find", FindAsync);
    }

    private static async Task<IResult> PageAsync(
        HttpRequest request, ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
             SELECT {Columns} FROM payments.payment
             WHERE debit_id > @After AND debit_id < @Before
             ORDER BY debit_id
             LIMIT @MaxRows
             """;
        var range = BookQuery.RangeOf(request);
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<Payment>(
            sql, new { range.After, range.Before, BookQuery.MaxRows }, cancellationToken);
        return TypedResults.Ok(BookQuery.PageOf(rows, row => row.Id!.Value));
    }

    private static async Task<IResult> LateAsync(
        HttpRequest request, ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
             WITH late AS MATERIALIZED (
                 SELECT payment_id FROM payments.payment WHERE review AND debit_id < @Before
                 UNION
                 SELECT payment_id FROM payments.payment
                 WHERE state IN ('completed', 'failed') AND erased_at IS NULL AND changed_at >= @ChangedFrom
                   AND debit_id < @Before)
             SELECT {Columns} FROM late JOIN payments.payment USING (payment_id)
             WHERE debit_id > @After
             ORDER BY debit_id
             LIMIT @MaxRows
             """;
        var late = BookQuery.LateOf(request);
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<Payment>(
            sql, new { late.After, late.Before, late.ChangedFrom, BookQuery.MaxRows }, cancellationToken);
        return TypedResults.Ok(BookQuery.PageOf(rows, row => row.Id!.Value));
    }

    private static async Task<IResult> FindAsync(
        HttpContext context, ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql = $"SELECT {Columns} FROM payments.payment WHERE payment_id = ANY(@ids) ORDER BY payment_id";
        var ids = await BookQuery.IdsOfAsync(context, cancellationToken);
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<Payment>(sql, new { ids }, cancellationToken);
        return TypedResults.Ok(new BookQuery.Page<Payment>([.. rows], null));
    }
}
