using ArdorQr.Payments.Database;
using ArdorQr.Payments.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Identity;

namespace ArdorQr.Payments.Features;

/// <summary>
/// GET /v1/payments: newest first, by <c>limit</c>, <c>before</c>, <c>status</c> and <c>reference</c>.
/// </summary>
internal static class ListPayments
{
    private const int MaxReferenceCharacters = 128;

    internal sealed record Response(IReadOnlyList<PaymentView> Payments);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/payments", HandleAsync);

    private static async Task<Response> HandleAsync(
        HttpContext context, ServiceDatabase database, PaymentSeals seals, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            SELECT {PaymentRow.Columns} FROM payments.payment
            WHERE merchant_id = @merchantId AND mode = @mode
              AND (@before::timestamptz IS NULL OR created_at < @before)
              AND (@reference::text IS NULL OR reference = @reference)
            ORDER BY created_at DESC
            LIMIT @limit
            """;
        // The newest of each state, then the newest of all: each is read from the index at any depth.
        const string byStateSql =
            $"""
            SELECT {PaymentRow.Columns}
            FROM unnest(@states::text[]) AS wanted (wanted_state)
            CROSS JOIN LATERAL (
                SELECT {PaymentRow.Columns} FROM payments.payment
                WHERE merchant_id = @merchantId AND mode = @mode AND state = wanted_state
                  AND (@before::timestamptz IS NULL OR created_at < @before)
                  AND (@reference::text IS NULL OR reference = @reference)
                ORDER BY created_at DESC
                LIMIT @limit) AS newest
            ORDER BY created_at DESC
            LIMIT @limit
            """;
        var caller = CallerIdentity.Of(context.User);
        var parameters = new
        {
            merchantId = caller.MerchantId,
            mode = caller.Mode.Code,
            before = ListQuery.Before(context.Request),
            states = States(context.Request),
            reference = Reference(context.Request),
            limit = ListQuery.Limit(context.Request),
        };
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<PaymentRow>(
            parameters.states is null ? sql : byStateSql, parameters, cancellationToken);
        return new Response([.. rows.Select(row => PaymentView.Of(row, seals.DetailsOf(row)))]);
    }

    /// <exception cref="RejectedException">400 validation_failed.</exception>
    private static string[]? States(HttpRequest request)
    {
        if (!request.Query.TryGetValue("status", out var values))
        {
            return null;
        }

        return values.Count == 1 && PaymentStates.PublicStatuses.Contains(values[0])
            ? PaymentStates.CodesOf(values[0]!)
            : throw new RejectedException(CommonErrors.ValidationFailed(
                "status", $"Параметр status — одно из: {string.Join(", ", PaymentStates.PublicStatuses)}."));
    }

    /// <exception cref="RejectedException">400 validation_failed.</exception>
    private static string? Reference(HttpRequest request)
    {
        if (!request.Query.TryGetValue("reference", out var values))
        {
            return null;
        }

        return values.Count == 1 && values[0]!.EnumerateRunes().Count() <= MaxReferenceCharacters
            && !values[0]!.Contains('\0')
            ? values[0]
            : throw new RejectedException(CommonErrors.ValidationFailed(
                "reference", $"Параметр reference — строка до {MaxReferenceCharacters} символов."));
    }
}
