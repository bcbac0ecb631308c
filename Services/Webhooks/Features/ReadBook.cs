using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Webhooks.Features;

/// <summary>
/// GET /internal/books/events, page by page, and POST /internal/books/events/find, by their ids: what the owners told us
/// of, for the reconciliation across services. Samples that merchants send themselves are none of it: no consumer has
/// accepted them.
/// </summary>
internal static class ReadBook
{
    private static readonly string[] Consumers =
    [
        AnnounceDepositPending.Queue, AnnounceDepositCredited.Queue, AnnouncePaymentProcessing.Queue,
        AnnouncePaymentCompleted.Queue, AnnouncePaymentFailed.Queue,
    ];

    /// <summary>An event; what it is about is null once its body is forgotten.</summary>
    internal sealed record Event
    {
        public Guid Id { get; init; }
        public Guid MerchantId { get; init; }
        public string Mode { get; init; } = "";
        public string Type { get; init; } = "";
        public Guid? ObjectId { get; init; }
    }

    public static void MapReadBook(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/books/events", PageAsync).WithName("ReadEventBook");
        routes.MapPost("/books/events/find", FindAsync).WithName("FindInEventBook");
    }

    private static async Task<IResult> PageAsync(
        HttpRequest request, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT event_id AS id, merchant_id, mode, type,
                (convert_from(body, 'UTF8')::jsonb #>> '{data,id}')::uuid AS object_id
            FROM webhooks.event
            WHERE event_id > @After AND event_id < @Before AND EXISTS (
                SELECT FROM messaging.inbox WHERE consumer = ANY(@Consumers) AND inbox.event_id = event.event_id)
            ORDER BY event_id
            LIMIT @MaxRows
            """;
        var range = BookQuery.RangeOf(request);
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<Event>(
            sql, new { range.After, range.Before, Consumers, BookQuery.MaxRows }, cancellationToken);
        return TypedResults.Ok(BookQuery.PageOf(rows, row => row.Id));
    }

    private static async Task<IResult> FindAsync(
        HttpContext context, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT event_id AS id, merchant_id, mode, type FROM webhooks.event WHERE event_id = ANY(@ids) ORDER BY event_id
            """;
        var ids = await BookQuery.IdsOfAsync(context, cancellationToken);
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<Event>(sql, new { ids }, cancellationToken);
        return TypedResults.Ok(new BookQuery.Page<Event>([.. rows], null));
    }
}
