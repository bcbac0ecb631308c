using ArdorQr.Contracts;
using ArdorQr.Deposits.Clients;
using ArdorQr.Deposits.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.Ton;

namespace ArdorQr.Deposits.Features;

/// <summary>
/// Walks over all wallets of a world, page by page, and compares what each holds with what was verified. It has a share
/// of the chain's budget for itself, and only the process that leads the watch does it. A wallet that differs is read
/// again, and compared again until it doesn't.
/// </summary>
internal sealed partial class ReconcileChain(
    World world, ITonChain chain, ReplayWallet replay, WatchSeat seat, WatchStatus status, ServiceDatabase database,
    TimeProvider time, ILogger<ReconcileChain> logger)
{
    private const int MaxReplaysPerStep = 5;
    private const int RetrySeconds = 5;

    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(500);

    /// <summary>Runs until the token.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var pause = Idle;
            try
            {
                if (seat.Leader is { } leader && await StepAsync(leader, cancellationToken))
                {
                    continue; // The budget spaces the requests.
                }
            }
            catch (Exception) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (LeadershipLostException)
            {
                // The watch finds out too.
            }
            catch (Exception exception) when (exception is ChainUnavailableException || Transient.Is(exception))
            {
                LogInterrupted(world.Mode.Code, exception.Message);
                pause = TimeSpan.FromSeconds(RetrySeconds);
            }
            catch (Exception exception)
            {
                LogFailed(world.Mode.Code, exception);
                pause = TimeSpan.FromSeconds(RetrySeconds);
            }

            await Task.Delay(pause, time, cancellationToken);
        }
    }

    /// <summary>One page of the walk and some wallets that differ; false when there is nothing to do now.</summary>
    internal async Task<bool> StepAsync(Leadership leader, CancellationToken cancellationToken)
    {
        using var quiet = DepositTrace.Quiet();
        var cycle = await CycleAsync(cancellationToken);
        var isResting = cycle is { Seqno: null, DoneSecondsAgo: { } ago } && ago < world.Options.ReconciliationPauseSeconds;
        if (!isResting)
        {
            await WalkAsync(leader, cycle, cancellationToken);
        }

        await RecheckAsync(leader, isResting, cancellationToken);
        return !isResting;
    }

    private async Task<ReconciliationCycle> CycleAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await ReconciliationCycle.ReadAsync(connection, world.Mode, cancellationToken);
    }

    private async Task WalkAsync(Leadership leader, ReconciliationCycle cycle, CancellationToken cancellationToken)
    {
        if (cycle.Seqno is null)
        {
            var head = await chain.HeadAsync(cancellationToken);
            await using var beginning = await leader.BeginAsync(database, cancellationToken);
            await ReconciliationCycle.BeginAsync(beginning, world.Mode, head.Seqno, cancellationToken);
            await beginning.CommitAsync(cancellationToken);
        }

        var addresses = await AddressesAsync(cycle.AfterOwner, cancellationToken);
        var compared = await CompareAsync(addresses, cancellationToken);
        await using var transaction = await leader.BeginAsync(database, cancellationToken);
        await WalletBooks.KeepAsync(transaction, world.Mode, compared, null, cancellationToken);
        await ReconciliationCycle.AddAsync(
            transaction, world.Mode, compared, addresses.Count < ITonChain.MaxOwners, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task<IReadOnlyList<AddressRow>> AddressesAsync(string after, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await Addresses.PageAsync(connection, world.Mode, after, ITonChain.MaxOwners, cancellationToken);
    }

    private async Task<IReadOnlyList<ComparedWallet>> CompareAsync(
        IReadOnlyList<AddressRow> addresses, CancellationToken cancellationToken)
    {
        if (addresses.Count == 0)
        {
            return [];
        }

        var owners = addresses.Select(address => TonAddress.Parse(address.Owner)).ToList();
        var balances = await chain.BalancesAsync(owners, world.Jetton.Master, cancellationToken);
        await using var connection = await database.OpenAsync(cancellationToken);
        return await WalletBooks.CompareAsync(connection, addresses, balances, cancellationToken);
    }

    /// <summary>Reads the wallets that differ, the longest unread ones first, and compares them again.</summary>
    private async Task RecheckAsync(Leadership leader, bool isResting, CancellationToken cancellationToken)
    {
        var differing = await DifferingAsync(isResting, cancellationToken);
        status.Differing(world.Mode, await CountAsync(cancellationToken));
        if (differing.Count == 0)
        {
            return;
        }

        var head = await chain.HeadAsync(cancellationToken);
        foreach (var row in differing)
        {
            var replayedLt = await replay.RunAsync(leader, row, row.ReplayedLt, head, cancellationToken);
            var compared = await CompareAsync([row], cancellationToken);
            await using var transaction = await leader.BeginAsync(database, cancellationToken);
            // Read to its end and still not even: from its beginning next time.
            var isAll = replayedLt >= compared[0].WalletLt || replayedLt == row.ReplayedLt;
            await WalletBooks.KeepAsync(transaction, world.Mode, compared, isAll ? 0 : replayedLt, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            LogCompared(row.JettonWallet, compared[0].BalanceMicros, compared[0].ExpectedMicros);
        }
    }

    private async Task<IReadOnlyList<DifferingRow>> DifferingAsync(bool isResting, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT address.merchant_id, address.owner, address.jetton_wallet, address.network_global_id, replayed_lt
            FROM deposits.wallet_difference JOIN deposits.address USING (mode, owner)
            WHERE mode = @mode AND checked_at < clock_timestamp() - make_interval(secs => @rest)
            ORDER BY checked_at
            LIMIT @limit
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var parameters = new { mode = world.Mode, rest = isResting ? 1 : 0, limit = MaxReplaysPerStep };
        return [.. await connection.QueryAsync<DifferingRow>(sql, parameters, cancellationToken)];
    }

    private async Task<long> CountAsync(CancellationToken cancellationToken)
    {
        const string sql = "SELECT count(*) FROM deposits.wallet_difference WHERE mode = @mode";
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleAsync<long>(sql, new { mode = world.Mode }, cancellationToken);
    }

    private sealed record DifferingRow : AddressRow
    {
        public long ReplayedLt { get; init; }
    }

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Wallet {JettonWallet} was read again: it holds {BalanceMicros}, verified are {ExpectedMicros}")]
    private partial void LogCompared(string jettonWallet, long balanceMicros, long expectedMicros);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Comparing balances on the {Mode} chain was interrupted: {Reason}")]
    private partial void LogInterrupted(string mode, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Comparing balances on the {Mode} chain failed; it goes on later")]
    private partial void LogFailed(string mode, Exception exception);
}
