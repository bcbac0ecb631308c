using ArdorQr.Ledger.Database;
using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Hosting;

namespace ArdorQr.Ledger.Features;

/// <summary>
/// The job that signs, every hour, where each wallet stands that moved since its last checkpoint. A round goes on batch by
/// batch under its row's lock, so whichever replica is free does the next one, and one that died loses nothing.
/// </summary>
internal sealed class SignCheckpoints(
    ServiceDatabase database, CheckpointSigner signer, TimeProvider time, ILogger<SignCheckpoints> logger)
    : RepeatedJob(Interval, "Signing checkpoints", time, logger)
{
    private const int RoundEveryMinutes = 60;
    private const int WalletsPerBatch = 500;

    /// <summary>How often a replica looks whether a round is due.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    /// <summary>Does what is due of a round; returns how many wallets it signed.</summary>
    public async Task<int> SignDueAsync(CancellationToken cancellationToken)
    {
        var total = 0;
        while (await SignBatchAsync(cancellationToken) is { } signed)
        {
            total += signed;
        }

        return total;
    }

    protected override Task RunOnceAsync(CancellationToken cancellationToken) => SignDueAsync(cancellationToken);

    /// <summary>Null when no round is due, or another replica is at it.</summary>
    private async Task<int?> SignBatchAsync(CancellationToken cancellationToken)
    {
        const string takeSql =
            """
            SELECT after_account_id FROM ledger.checkpoint_round
            WHERE due_at <= clock_timestamp()
            FOR UPDATE SKIP LOCKED
            """;
        const string moveSql =
            """
            UPDATE ledger.checkpoint_round
            SET after_account_id = coalesce(@last, 0),
                due_at = CASE WHEN @last::bigint IS NULL
                    THEN clock_timestamp() + make_interval(mins => @minutes) ELSE due_at END
            """;
        await using var transaction = await database.BeginAsync(cancellationToken);
        if (await transaction.QuerySingleOrDefaultAsync<long?>(takeSql, null, cancellationToken) is not { } after)
        {
            return null;
        }

        var (last, moved) = await Checkpoints.NextHeadsAsync(transaction, after, WalletsPerBatch, cancellationToken);
        await Checkpoints.SignAsync(transaction, moved, signer, Time, cancellationToken);
        await transaction.ExecuteAsync(moveSql, new { last, minutes = RoundEveryMinutes }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return moved.Count;
    }
}
