using System.Collections.Concurrent;
using ArdorQr.Contracts;
using ArdorQr.Deposits.Clients;
using ArdorQr.Deposits.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Recovery;

namespace ArdorQr.Deposits.Features.Recovery;

/// <summary>
/// After a restore: the watch's cursor went back with the database, so that the watch itself finds again what was lost.
/// The chain is matched when the cursor has passed the newest block of the recovery's begin, and what was found below
/// it has been verified and credited, or waits for a reason that an operator sees.
/// </summary>
internal sealed class ReadChainAgain(
    ServiceDatabase database, Worlds worlds, IHttpClientFactory clients) : IRecoveryStep
{
    private readonly ConcurrentDictionary<Mode, long> _goalLts = [];

    public async Task<string?> MatchAsync(
        RecoveryEpisode episode, DateTimeOffset from, CancellationToken cancellationToken)
    {
        List<string> open = [];
        foreach (var world in worlds.All)
        {
            if (await OpenInAsync(world, episode.BegunAt, cancellationToken) is { } waitsFor)
            {
                open.Add($"{world.Mode.Code}: {waitsFor}");
            }
        }

        return open.Count == 0 ? null : string.Join(", ", open);
    }

    private async Task<string?> OpenInAsync(World world, DateTimeOffset begunAt, CancellationToken cancellationToken)
    {
        if (await GoalAsync(world, begunAt, cancellationToken) is not { } goalLt)
        {
            return "a block of the chain that is newer than the recovery's begin";
        }

        const string sql =
            """
            SELECT (SELECT cursor_lt >= @goalLt FROM deposits.watcher WHERE mode = @mode),
                (SELECT count(*) FROM deposits.deposit
                 WHERE mode = @mode AND status = 'pending' AND hold_reason IS NULL AND tx_lt <= @goalLt)
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var (isRead, pending) = await connection.QuerySingleAsync<(bool, long)>(
            sql, new { mode = world.Mode, goalLt }, cancellationToken);
        return (isRead, pending) switch
        {
            (false, _) => "the chain since the restored state",
            (_, > 0) => $"{pending} pending deposits",
            _ => null,
        };
    }

    /// <summary>Up to where the chain must be read; null while its index shows nothing so new.</summary>
    private async Task<long?> GoalAsync(World world, DateTimeOffset begunAt, CancellationToken cancellationToken)
    {
        if (_goalLts.TryGetValue(world.Mode, out var known))
        {
            return known;
        }

        try
        {
            var head = await new ToncenterChain(
                clients, ToncenterChain.ClientName(world.Mode, ChainUse.Reconciliation)).HeadAsync(cancellationToken);
            return head.At > begunAt ? _goalLts.GetOrAdd(world.Mode, head.EndLt) : null;
        }
        catch (ChainUnavailableException)
        {
            return null; // Asked again in the next round.
        }
    }
}
