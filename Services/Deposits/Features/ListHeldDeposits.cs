using ArdorQr.Contracts;
using ArdorQr.Deposits.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;

namespace ArdorQr.Deposits.Features;

/// <summary>A deposit that was received and isn't credited, as operators see it.</summary>
internal sealed record HeldDeposit(
    Guid Id, Guid MerchantId, string Mode, string Status, string? HoldReason, string? Decision, Usdt Amount, string TxHash,
    string? FromAddress, string ToAddress, DateTimeOffset CreatedAt);

/// <summary>Reads <see cref="HeldDeposit"/>s.</summary>
internal static class HeldDeposits
{
    public static async Task<HeldDeposit?> FindAsync(
        ServiceDatabase database, Guid depositId, CancellationToken cancellationToken)
    {
        const string sql = $"SELECT {DepositRow.Columns} FROM deposits.deposit WHERE deposit_id = @depositId";
        await using var connection = await database.OpenAsync(cancellationToken);
        var row = await connection.QuerySingleOrDefaultAsync<DepositRow>(sql, new { depositId }, cancellationToken);
        return row is null ? null : Of(row);
    }

    public static async Task<IReadOnlyList<HeldDeposit>> ListAsync(
        ServiceDatabase database, int limit, DateTimeOffset? before, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            SELECT {DepositRow.Columns} FROM deposits.deposit
            WHERE hold_reason IS NOT NULL AND decision IS NULL AND (@before::timestamptz IS NULL OR created_at < @before)
            ORDER BY created_at DESC
            LIMIT @limit
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return [.. (await connection.QueryAsync<DepositRow>(sql, new { limit, before }, cancellationToken)).Select(Of)];
    }

    private static HeldDeposit Of(DepositRow row)
    {
        var view = DepositView.Of(row);
        return new HeldDeposit(
            row.DepositId, row.MerchantId, row.Mode.Code, row.Status, row.HoldReason, row.Decision, view.Amount, row.TxHash,
            view.FromAddress, view.ToAddress, row.CreatedAt);
    }
}

/// <summary>GET /internal/deposits: the deposits that wait for a rate, a limit or an operator, newest first.</summary>
internal static class ListHeldDeposits
{
    internal sealed record Response(IReadOnlyList<HeldDeposit> Deposits);

    public static void MapListHeldDeposits(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/deposits", HandleAsync).WithName(nameof(ListHeldDeposits));

    private static async Task<IResult> HandleAsync(
        HttpRequest request, ServiceDatabase database, CancellationToken cancellationToken) =>
        Results.Ok(new Response(await HeldDeposits.ListAsync(
            database, ListQuery.Limit(request), ListQuery.Before(request), cancellationToken)));
}
