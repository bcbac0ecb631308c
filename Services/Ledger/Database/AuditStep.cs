using System.Globalization;
using ArdorQr.ServiceDefaults.Database;
using Npgsql;

namespace ArdorQr.Ledger.Database;

/// <summary>How far the auditor is; the row of <c>ledger.audit</c>.</summary>
internal sealed record AuditPlace
{
    public long WalletRound { get; init; }
    public long WalletAccountId { get; init; }
    public long WalletSequence { get; init; }
    public long TransferRound { get; init; }
    public Guid TransferAfter { get; init; }

    /// <summary>Since all that was new was audited.</summary>
    public TimeSpan Behind { get; init; }
}

/// <summary>What a step did.</summary>
/// <param name="Rows">How much it read: entries, transfers, wallets.</param>
/// <param name="IsLast">Nothing is left to read: all that is new was read, or a round of the history ended.</param>
internal readonly record struct AuditStep(int Rows, bool IsLast)
{
    /// <summary>For how long something new had waited when the step began.</summary>
    public TimeSpan Behind { get; private init; }

    /// <summary>
    /// Runs one step in a transaction with one view of all tables, while nobody else audits. Null when somebody does,
    /// for longer than the patience.
    /// </summary>
    public static async Task<AuditStep?> RunAsync(
        ServiceDatabase database, TimeSpan patience,
        Func<ServiceTransaction, AuditPlace, CancellationToken, Task<AuditStep>> step, CancellationToken cancellationToken)
    {
        const string placeSql =
            """
            SELECT wallet_round, wallet_account_id, wallet_sequence, transfer_round, transfer_after,
                clock_timestamp() - caught_up_at AS behind
            FROM ledger.audit
            """;
        await using var transaction = await database.BeginAsync(cancellationToken);
        if (!await TryLockAsync(transaction, patience, cancellationToken))
        {
            return null;
        }

        var place = await transaction.QuerySingleAsync<AuditPlace>(placeSql, null, cancellationToken);
        var done = await step(transaction, place, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return done with { Behind = place.Behind };
    }

    private static async Task<bool> TryLockAsync(
        ServiceTransaction transaction, TimeSpan patience, CancellationToken cancellationToken)
    {
        // The lock of a table takes no snapshot: what is read after it is newer than what the last holder wrote.
        // No plan may read a whole table for a page of it.
        var milliseconds = Math.Max(1, (int)patience.TotalMilliseconds); // 0 would mean: for ever.
        var sql =
            $"""
            SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
            SET LOCAL lock_timeout = {milliseconds.ToString(CultureInfo.InvariantCulture)};
            SET LOCAL enable_seqscan = off;
            LOCK TABLE ledger.audit IN EXCLUSIVE MODE;
            SET LOCAL lock_timeout = 0
            """;
        try
        {
            await transaction.ExecuteAsync(sql, null, cancellationToken);
            return true;
        }
        catch (PostgresException busy) when (busy.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            return false;
        }
    }
}
