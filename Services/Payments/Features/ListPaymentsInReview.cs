using ArdorQr.Payments.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;

namespace ArdorQr.Payments.Features;

/// <summary>GET /internal/payments: what waits for an operator, newest first, by <c>limit</c> and <c>before</c>.</summary>
internal static class ListPaymentsInReview
{
    private sealed record Response(IReadOnlyList<PaymentView> Payments);

    public static void Map(RouteGroupBuilder routes) => routes.MapGet("/payments", HandleAsync);

    private static async Task<IResult> HandleAsync(
        HttpRequest request, ServiceDatabase database, PaymentSeals seals, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            SELECT {PaymentRow.Columns} FROM payments.payment
            WHERE review AND (@before::timestamptz IS NULL OR created_at < @before)
            ORDER BY created_at DESC, payment_id DESC
            LIMIT @limit
            """;
        var (limit, before) = (ListQuery.Limit(request), ListQuery.Before(request));
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<PaymentRow>(sql, new { limit, before }, cancellationToken);
        return Results.Ok(new Response([.. rows.Select(row => PaymentView.OfReview(row, seals.DetailsOf(row)))]));
    }
}
