using System.Security.Claims;
using ArdorQr.Contracts;
using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Identity;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Ledger.Features;

/// <summary>
/// GET /v1/operations: the wallet's entries, newest first. The times of a wallet's entries differ, so <c>before</c>
/// with the last one's time goes on exactly where the page ended.
/// </summary>
internal static class ListOperations
{
    internal sealed record Response(IReadOnlyList<OperationView> Operations);

    /// <param name="Id">The entry's id.</param>
    /// <param name="Type">deposit, payment, refund or adjustment.</param>
    /// <param name="AmountMinor">Signed, kopecks.</param>
    /// <param name="BalanceAfterMinor">The balance right after it, kopecks.</param>
    /// <param name="Currency">RUB.</param>
    /// <param name="SourceId">The deposit or the payment.</param>
    /// <param name="Description">For people, in Russian.</param>
    /// <param name="CreatedAt">Strictly increasing within a wallet, to the microsecond.</param>
    /// <param name="Sequence">1 and up within a wallet, without a gap.</param>
    /// <param name="Hash">The operation's link of the wallet's chain (<see cref="OperationChain"/>), hexadecimal.</param>
    /// <param name="PreviousHash">The link before; zeros before the first.</param>
    internal sealed record OperationView(
        Guid Id, string Type, long AmountMinor, long BalanceAfterMinor, string Currency, Guid SourceId,
        string Description, DateTimeOffset CreatedAt, long Sequence, string Hash, string PreviousHash);

    public static void MapListOperations(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/operations", HandleAsync).WithName(nameof(ListOperations));

    private static async Task<IResult> HandleAsync(
        HttpRequest request, ClaimsPrincipal user, [FromServices] ServiceDatabase database,
        CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT entry.operation_id, transfer.kind, entry.amount_kopecks, entry.balance_after_kopecks,
                transfer.source_id, transfer.description, entry.created_at, entry.sequence, entry.hash,
                entry.previous_hash
            FROM ledger.wallet
            JOIN ledger.entry ON entry.account_id = wallet.account_id AND entry.sequence IS NOT NULL
            JOIN ledger.transfer ON transfer.transfer_id = entry.transfer_id
            WHERE wallet.merchant_id = @merchantId AND wallet.mode = @mode
                AND entry.created_at < coalesce(@before::timestamptz, 'infinity')
            ORDER BY entry.created_at DESC
            LIMIT @limit
            """;
        var caller = CallerIdentity.Of(user);
        var (limit, before) = (ListQuery.Limit(request), ListQuery.Before(request));
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(sql, new
        {
            merchantId = caller.MerchantId,
            mode = caller.Mode.Code,
            before = UpToMicrosecond(before),
            limit,
        }, cancellationToken);
        return TypedResults.Ok(new Response([.. rows.Select(row => row.ToView())]));
    }

    /// <summary>The database keeps microseconds: a finer time is rounded up, so that what is before it stays so.</summary>
    private static DateTimeOffset? UpToMicrosecond(DateTimeOffset? before) =>
        before is { } time && time.Ticks % TimeSpan.TicksPerMicrosecond is > 0 and var rest
            ? time.AddTicks(TimeSpan.TicksPerMicrosecond - rest)
            : before;

    private sealed record Row
    {
        public Guid OperationId { get; init; }
        public TransferKind Kind { get; init; }
        public Kopecks AmountKopecks { get; init; }
        public Kopecks BalanceAfterKopecks { get; init; }
        public Guid SourceId { get; init; }
        public string Description { get; init; } = "";
        public DateTimeOffset CreatedAt { get; init; }
        public long Sequence { get; init; }
        public byte[] Hash { get; init; } = [];
        public byte[] PreviousHash { get; init; } = [];

        public OperationView ToView() => new(
            OperationId, Codes.OperationTypeOf(Kind), AmountKopecks.Value, BalanceAfterKopecks.Value, "RUB", SourceId,
            Description, CreatedAt, Sequence, Convert.ToHexStringLower(Hash), Convert.ToHexStringLower(PreviousHash));
    }
}
