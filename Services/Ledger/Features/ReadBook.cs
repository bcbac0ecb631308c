using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Ledger.Features;

/// <summary>
/// GET /internal/books/deposits and /internal/books/debits: what was posted of deposits and of payments, page by page, for
/// the reconciliation across services.
/// </summary>
internal static class ReadBook
{
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
        routes.MapGet("/books/debits", DebitsAsync).WithName("ReadDebitBook");
    }

    private static async Task<IResult> DepositsAsync(
        HttpRequest request, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT transfer_id AS id, source_id, merchant_id, mode, amount_kopecks AS amount_minor,
                fee_kopecks AS fee_minor, operation_id, created_at AS changed_at
            FROM ledger.transfer
            WHERE transfer_id > @After AND transfer_id < @Before AND kind = 'deposit' AND status = 'posted'
            ORDER BY transfer_id
            LIMIT @MaxRows
            """;
        var range = BookQuery.RangeOf(request);
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<Posting>(
            sql, new { range.After, range.Before, BookQuery.MaxRows }, cancellationToken);
        return TypedResults.Ok(BookQuery.PageOf(rows, row => row.Id));
    }

    private static async Task<IResult> DebitsAsync(
        HttpRequest request, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT debit.transfer_id AS id, debit.source_id AS payment_id, debit.merchant_id, debit.mode,
                debit.total_kopecks AS total_minor, debit.operation_id, closing.kind AS closing,
                closing.transfer_id AS closing_id, closing.total_kopecks AS closing_total_minor,
                coalesce(closing.created_at, debit.created_at) AS changed_at
            FROM ledger.transfer AS debit LEFT JOIN ledger.transfer AS closing ON closing.debit_id = debit.transfer_id
            WHERE debit.transfer_id > @After AND debit.transfer_id < @Before AND debit.kind = 'debit'
              AND debit.status = 'posted'
            ORDER BY debit.transfer_id
            LIMIT @MaxRows
            """;
        var range = BookQuery.RangeOf(request);
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<Debit>(
            sql, new { range.After, range.Before, BookQuery.MaxRows }, cancellationToken);
        return TypedResults.Ok(BookQuery.PageOf(rows, row => row.Id));
    }
}
