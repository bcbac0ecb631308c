using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;
using Npgsql;

namespace ArdorQr.Deposits.Database;

/// <summary>How far the walk over a mode's wallets is: it goes on from there after a restart.</summary>
internal sealed record ReconciliationCycle
{
    /// <summary>The block that the walk is about; null before the first.</summary>
    public long? Seqno { get; init; }

    /// <summary>The last owner whose wallet was compared; empty at the beginning.</summary>
    public string AfterOwner { get; init; } = "";

    /// <summary>How long ago the last whole walk ended; null before the first.</summary>
    public double? DoneSecondsAgo { get; init; }

    public static Task<ReconciliationCycle> ReadAsync(
        NpgsqlConnection connection, Mode mode, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT seqno, after_owner, extract(epoch FROM clock_timestamp() - done_at)::float8 AS done_seconds_ago
            FROM deposits.reconciliation WHERE mode = @mode
            """;
        return connection.QuerySingleAsync<ReconciliationCycle>(sql, new { mode }, cancellationToken);
    }

    /// <summary>Begins a walk about the newest block.</summary>
    public static Task BeginAsync(
        ServiceTransaction transaction, Mode mode, long seqno, CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE deposits.reconciliation
            SET seqno = @seqno, started_at = clock_timestamp(), after_owner = '', wallets = 0, balance_micros = 0,
                expected_micros = 0
            WHERE mode = @mode
            """;
        return transaction.ExecuteAsync(sql, new { mode, seqno }, cancellationToken);
    }

    /// <summary>Adds what was compared; the last page of a walk makes it the one that is told of.</summary>
    public static async Task AddAsync(
        ServiceTransaction transaction, Mode mode, IReadOnlyList<ComparedWallet> compared, bool isLast,
        CancellationToken cancellationToken)
    {
        const string addSql =
            """
            UPDATE deposits.reconciliation
            SET after_owner = coalesce(@afterOwner, after_owner), wallets = wallets + @wallets,
                balance_micros = balance_micros + @balance, expected_micros = expected_micros + @expected
            WHERE mode = @mode
            """;
        const string endSql =
            """
            UPDATE deposits.reconciliation
            SET after_owner = '', seqno = NULL, done_seqno = seqno, done_started_at = started_at,
                done_at = clock_timestamp(), done_wallets = wallets, done_balance_micros = balance_micros,
                done_expected_micros = expected_micros
            WHERE mode = @mode
            """;
        await transaction.ExecuteAsync(addSql, new
        {
            mode,
            afterOwner = compared is [.., var last] ? last.Address.Owner : null,
            wallets = compared.Count,
            balance = compared.Sum(wallet => (decimal)wallet.BalanceMicros),
            expected = compared.Sum(wallet => (decimal)wallet.ExpectedMicros),
        }, cancellationToken);
        if (isLast)
        {
            await transaction.ExecuteAsync(endSql, new { mode }, cancellationToken);
        }
    }
}
