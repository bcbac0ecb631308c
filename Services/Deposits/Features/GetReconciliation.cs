using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;
using Microsoft.AspNetCore.Mvc;
using Npgsql;

namespace ArdorQr.Deposits.Features;

/// <summary>
/// GET /internal/reconciliation: Deposits' part: what the wallets hold on each chain against what was verified, and what
/// was confirmed against what Ledger posted.
/// </summary>
internal static class GetReconciliation
{
    public const string Scope = "deposits:reconcile";

    /// <summary>So long a wallet may be ahead of what is verified: a deposit that has just come is.</summary>
    private const int SettlingSeconds = 300;

    /// <summary>So long Ledger's answer may take.</summary>
    private const int PostingSeconds = 300;

    private const int MaxNamed = 20;

    internal sealed record Response(IReadOnlyList<Check> Checks);

    /// <param name="Name">Stable.</param>
    /// <param name="Ok">Nothing is wrong.</param>
    /// <param name="Expected">What there should be.</param>
    /// <param name="Actual">What there is.</param>
    /// <param name="Details">What belongs to it.</param>
    internal sealed record Check(string Name, bool Ok, object? Expected, object? Actual, object Details);

    public static void MapGetReconciliation(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/reconciliation", HandleAsync).WithName(nameof(GetReconciliation));

    private static async Task<IResult> HandleAsync(
        [FromServices] Worlds worlds, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var checks = new List<Check>();
        foreach (var world in worlds.All)
        {
            checks.Add(await BalancesAsync(connection, world.Mode, cancellationToken));
            checks.Add(await PostingsAsync(connection, world.Mode, cancellationToken));
        }

        return Results.Ok(new Response(checks));
    }

    private sealed record CycleRow(
        long? DoneSeqno, DateTimeOffset? DoneStartedAt, DateTimeOffset? DoneAt, long? DoneWallets, decimal? DoneBalance,
        decimal? DoneExpected);

    private sealed record Difference(
        Guid MerchantId, string JettonWallet, decimal Balance, decimal Expected, DateTimeOffset FoundAt, bool IsSettling);

    private static async Task<Check> BalancesAsync(
        NpgsqlConnection connection, Mode mode, CancellationToken cancellationToken)
    {
        const string cycleSql =
            """
            SELECT done_seqno, done_started_at, done_at, done_wallets, done_balance_micros / 1000000.0 AS done_balance,
                done_expected_micros / 1000000.0 AS done_expected
            FROM deposits.reconciliation WHERE mode = @mode
            """;
        const string differencesSql =
            """
            SELECT merchant_id, jetton_wallet, balance_micros / 1000000.0 AS balance, expected_micros / 1000000.0 AS expected,
                found_at, found_at > clock_timestamp() - make_interval(secs => @settling) AS is_settling
            FROM deposits.wallet_difference JOIN deposits.address USING (mode, owner)
            WHERE mode = @mode
            ORDER BY found_at
            LIMIT @limit
            """;
        var cycle = await connection.QuerySingleAsync<CycleRow>(cycleSql, new { mode }, cancellationToken);
        var parameters = new { mode, settling = SettlingSeconds, limit = MaxNamed };
        var differences = (await connection.QueryAsync<Difference>(differencesSql, parameters, cancellationToken)).ToList();
        return new Check(
            $"chain_balances_{mode.Code}",
            differences.All(difference => difference.IsSettling),
            cycle.DoneExpected, cycle.DoneBalance,
            new
            {
                asset = DepositView.UsdtAsset,
                block = cycle.DoneSeqno,
                startedAt = cycle.DoneStartedAt,
                finishedAt = cycle.DoneAt,
                wallets = cycle.DoneWallets,
                differences = differences.Where(difference => !difference.IsSettling),
            });
    }

    /// <summary>With setters: Dapper finds no constructor for an array.</summary>
    private sealed record PostingsRow
    {
        public long Confirmed { get; init; }

        public long Credited { get; init; }

        public long OverdueCount { get; init; }

        public Guid[] Overdue { get; init; } = [];
    }

    /// <summary>
    /// In kopecks: what was confirmed to Ledger and what it has posted; the rest is on its way, or overdue.
    /// </summary>
    private static async Task<Check> PostingsAsync(
        NpgsqlConnection connection, Mode mode, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT coalesce(sum(credited_kopecks), 0)::bigint AS confirmed,
                coalesce(sum(credited_kopecks) FILTER (WHERE status = 'credited'), 0)::bigint AS credited,
                count(*) FILTER (WHERE status <> 'credited' AND confirmed_at < clock_timestamp() - make_interval(secs => @late))
                    AS overdue_count,
                ARRAY(
                    SELECT deposit_id FROM deposits.deposit
                    WHERE mode = @mode AND status <> 'credited' AND confirmed_at < clock_timestamp() - make_interval(secs => @late)
                    LIMIT @limit) AS overdue
            FROM deposits.deposit
            WHERE mode = @mode AND confirmed_at IS NOT NULL
            """;
        var row = await connection.QuerySingleAsync<PostingsRow>(
            sql, new { mode, late = PostingSeconds, limit = MaxNamed }, cancellationToken);
        return new Check(
            $"deposits_posted_{mode.Code}", row.OverdueCount == 0, row.Confirmed, row.Credited,
            new { onTheWayMinor = row.Confirmed - row.Credited, overdue = row.Overdue });
    }
}
