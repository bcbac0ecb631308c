using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Ledger.Features;

/// <summary>
/// GET /internal/books/deposits and /internal/books/debits: what was posted of deposits and of payments, page by page, for
/// the reconciliation across services; POST …/find finds some of them by their ids.
/// </summary>
internal static class ReadBook
{
    private const string Postings =
        """
        SELECT transfer_id AS id, source_id, merchant_id, mode, amount_kopecks AS amount_minor,
            fee_kopecks AS fee_minor, operation_id, created_at AS changed_at
        FROM ledger.transfer
        WHERE kind = 'deposit' AND status = 'posted'
        """;

    private const string Debits =
        """
        SELECT debit.transfer_id AS id, debit.source_id AS payment_id, debit.merchant_id, debit.mode,
            debit.total_kopecks AS total_minor, debit.operation_id, closing.kind AS closing,
            closing.transfer_id AS closing_id, closing.total_kopecks AS closing_total_minor,
            coalesce(closing.created_at, debit.created_at) AS changed_at
        FROM ledger.transfer AS debit LEFT JOIN ledger.transfer AS closing ON closing.debit_id = debit.transfer_id
        WHERE debit.kind = 'debit' AND debit.status = 'posted'
        """;

    /// <summary>A posted deposit.</summary>
    internal sealed record Posting
    {
        public Guid Id { get; init; }
        public Guid SourceId { get; init; }
        public Guid MerchantId { get; init; }
        public string Mode { get; init; } = "";
        public long AmountMinor { get; init; }
        public long FeeMinor { get; init; }
        public Guid OperationId { get; init; }
        public DateTimeOffset ChangedAt { get; init; }
    }

    /// <summary>A posted debit, with what closed it.</summary>
    internal sealed record Debit
    {
        public Guid Id { get; init; }
        public Guid PaymentId { get; init; }
        public Guid MerchantId { get; init; }
        public string Mode { get; init; } = "";
        public long TotalMinor { get; init; }
        public Guid OperationId { get; init; }
        public string? Closing { get; init; }
        public Guid? ClosingId { get; init; }
        public long? ClosingTotalMinor { get; init; }
        public DateTimeOffset ChangedAt { get; init; }
    }

    public static void MapReadBook(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/books/deposits", DepositsAsync).WithName("ReadDepositBook");
        routes.MapPost("/books/deposits/find", FindDepositsAsync).WithName("FindInDepositBook");
        routes.MapGet("/books/debits", DebitsAsync).WithName("ReadDebitBook");
        routes.MapPost("/books/debits/find", FindDebitsAsync).WithName("FindInDebitBook");
    }

    private static async Task<IResult> DepositsAsync(
        HttpRequest request, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            $"{Postings} AND transfer_id > @After AND transfer_id < @Before ORDER BY transfer_id LIMIT @MaxRows";
        return await PageAsync<Posting>(request, database, sql, row => row.Id, cancellationToken);
    }

    private static async Task<IResult> FindDepositsAsync(
        HttpContext context, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql = $"{Postings} AND transfer_id = ANY(@ids) ORDER BY transfer_id";
        return await FindAsync<Posting>(context, database, sql, cancellationToken);
    }

    private static async Task<IResult> DebitsAsync(
        HttpRequest request, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
             {Debits} AND debit.transfer_id > @After AND debit.transfer_id < @Before
             ORDER BY debit.transfer_id
             LIMIT @MaxRows
             """;
        return await PageAsync<Debit>(request, database, sql, row => row.Id, cancellationToken);
    }

    private static async Task<IResult> FindDebitsAsync(
        HttpContext context, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql = $"{Debits} AND debit.transfer_id = ANY(@ids) ORDER BY debit.transfer_id";
        return await FindAsync<Debit>(context, database, sql, cancellationToken);
    }

    private static async Task<IResult> PageAsync<T>(
        HttpRequest request, ServiceDatabase database, string sql, Func<T, Guid> id, CancellationToken cancellationToken)
    {
        var range = BookQuery.RangeOf(request);
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<T>(
            sql, new { range.After, range.Before, BookQuery.MaxRows }, cancellationToken);
        return TypedResults.Ok(BookQuery.PageOf(rows, id));
    }

    private static async Task<IResult> FindAsync<T>(
        HttpContext context, ServiceDatabase database, string sql, CancellationToken cancellationToken)
    {
        var ids = await BookQuery.IdsOfAsync(context, cancellationToken);
        await using var connection = await database.OpenAsync(cancellationToken);
        return TypedResults.Ok(new BookQuery.Page<T>([.. await connection.QueryAsync<T>(sql, new { ids }, cancellationToken)], null));
    }
}
