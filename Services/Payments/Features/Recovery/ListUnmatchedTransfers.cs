using ArdorQr.Contracts;
using ArdorQr.Payments.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;

namespace ArdorQr.Payments.Features.Recovery;

/// <summary>
/// GET /internal/recovery/transfers: transfers at the rail that no payment explains, by <c>limit</c>, the longest
/// waiting first.
/// </summary>
internal static class ListUnmatchedTransfers
{
    internal sealed record View(
        Guid Id, Mode Mode, string Rail, string Status, string Fault, Kopecks? AmountMinor, Guid? MerchantId,
        DateTimeOffset FoundAt, DateTimeOffset? ClosedAt, string? ClosedBy, string? Reason)
    {
        public static View Of(UnmatchedTransfer row) => new(
            row.TransferId, row.Mode, row.Rail, row.Status, row.Fault, row.AmountKopecks, row.MerchantId, row.FoundAt,
            row.ClosedAt, row.ClosedBy, row.CloseReason);
    }

    private sealed record Response(IReadOnlyList<View> Transfers);

    public static void Map(RouteGroupBuilder routes) => routes.MapGet("/recovery/transfers", HandleAsync);

    private static async Task<IResult> HandleAsync(
        HttpRequest request, ServiceDatabase database, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await UnmatchedTransfers.OpenAsync(connection, ListQuery.Limit(request), cancellationToken);
        return Results.Ok(new Response([.. rows.Select(View.Of)]));
    }
}
