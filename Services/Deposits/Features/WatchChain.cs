using ArdorQr.Contracts;
using ArdorQr.Deposits.Clients;
using ArdorQr.Deposits.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.Ton;

namespace ArdorQr.Deposits.Features;

/// <summary>
/// The watch over one world's chain: checks that chain and settings agree, then, while it holds the lease, looks for new
/// transfers and verifies what waits, at each tick. Whatever fails is tried again, with growing pauses.
/// </summary>
internal sealed partial class WatchChain(
    World world, ITonChain chain, DiscoverDeposits discover, VerifyDeposits verify, WatchSeat seat,
    WatchStatus status, ServiceDatabase database, TimeProvider time, ILogger<WatchChain> logger)
{
    private const int MaxPauseSeconds = 15;
    private const int MaxDoublings = 8;
    private const int ReleaseTimeoutSeconds = 2;

    /// <summary>Any number will do: the derivation is compared, not the owner.</summary>
    private const long ProbeMerchantNumber = 1;

    private readonly Guid _holder = Guid.CreateVersion7(time.GetUtcNow());
    private bool _isChecked;

    /// <summary>Runs until the token, or until chain and settings turn out to contradict each other.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        status.Configured(world.Mode);
        try
        {
            for (var failures = 0; ;)
            {
                var pause = TimeSpan.FromMilliseconds(world.Options.PollIntervalMilliseconds);
                try
                {
                    if (!await TickAsync(cancellationToken))
                    {
                        return;
                    }

                    failures = 0;
                }
                catch (Exception) when (cancellationToken.IsCancellationRequested)
                {
                    return; // Whatever broke, broke on the way out.
                }
                catch (Exception exception)
                {
                    pause = PauseAfter(exception, ++failures);
                }

                await Task.Delay(pause, time, cancellationToken);
            }
        }
        finally
        {
            await ReleaseAsync();
        }
    }

    /// <summary>One round; false when the watch must end.</summary>
    internal async Task<bool> TickAsync(CancellationToken cancellationToken)
    {
        using var quiet = DepositTrace.Quiet();
        if (!_isChecked)
        {
            if (await ContradictionAsync(cancellationToken) is { } contradiction)
            {
                status.Stopped(world.Mode, contradiction);
                LogStopped(world.Mode.Code, contradiction);
                return false;
            }

            _isChecked = true;
        }

        seat.Leader ??= await Leadership.TryTakeAsync(database, world.Mode, _holder, cancellationToken);
        if (seat.Leader is not { } leader)
        {
            return true;
        }

        try
        {
            await LookAsync(leader, cancellationToken);
        }
        catch (LeadershipLostException)
        {
            seat.Leader = null;
            throw;
        }

        return true;
    }

    private async Task LookAsync(Leadership leader, CancellationToken cancellationToken)
    {
        var cursorLt = await leader.RenewAsync(database, cancellationToken);
        var head = await chain.HeadAsync(cancellationToken);
        status.HeadSeen(world.Mode, head.At);
        await discover.RunAsync(leader, head, cursorLt, cancellationToken);
        await verify.RunAsync(leader, head, cancellationToken);
        status.Waiting(world.Mode, await WaitingAsync(cancellationToken));
    }

    /// <summary>Why this chain can't be the world's; null when all agrees.</summary>
    private async Task<string?> ContradictionAsync(CancellationToken cancellationToken)
    {
        var head = await chain.HeadAsync(cancellationToken);
        if (head.GlobalId != world.NetworkGlobalId)
        {
            return $"the chain is network {head.GlobalId}, the settings name {world.NetworkGlobalId}";
        }

        var owner = world.OwnerOf(ProbeMerchantNumber);
        var derived = world.Jetton.WalletOf(owner);
        var told = await chain.JettonWalletOfAsync(owner, world.Jetton.Master, cancellationToken);
        return told == derived
            ? null
            : $"the jetton's master {world.Jetton.Master} names {told} as the wallet of {owner}, derived was {derived}";
    }

    private TimeSpan PauseAfter(Exception exception, int failures)
    {
        var longest = TimeSpan.FromSeconds(MaxPauseSeconds);
        var pause = TimeSpan.FromMilliseconds(
            world.Options.PollIntervalMilliseconds * Math.Pow(2, Math.Min(failures, MaxDoublings)));
        switch (exception)
        {
            case LeadershipLostException:
                status.NotLeading(world.Mode);
                LogLeadershipLost(world.Mode.Code);
                return TimeSpan.FromMilliseconds(world.Options.PollIntervalMilliseconds);
            case ChainUnavailableException unavailable:
                LogChainUnavailable(world.Mode.Code, unavailable.Message);
                pause = unavailable.RetryAfter is { } asked && asked > pause ? asked : pause;
                break;
            case var _ when Transient.Is(exception):
                LogTransient(world.Mode.Code, exception.Message);
                break;
            default:
                LogRoundFailed(world.Mode.Code, exception);
                break;
        }

        return pause < longest ? pause : longest;
    }

    private async Task<WatchStatus.WaitingDeposits> WaitingAsync(CancellationToken cancellationToken)
    {
        const string oldestSql =
            """
            SELECT created_at FROM deposits.deposit
            WHERE mode = @mode AND status = 'pending'
            ORDER BY created_at
            LIMIT 1
            """;
        const string heldSql =
            """
            SELECT hold_reason AS reason, count(*) AS deposits FROM deposits.deposit
            WHERE mode = @mode AND hold_reason IS NOT NULL AND decision IS NULL
            GROUP BY hold_reason
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        var oldest = await connection.QuerySingleOrDefaultAsync<DateTimeOffset?>(
            oldestSql, new { mode = world.Mode }, cancellationToken);
        var held = await connection.QueryAsync<(string Reason, long Deposits)>(
            heldSql, new { mode = world.Mode }, cancellationToken);
        return new(oldest, held.ToDictionary(row => row.Reason, row => row.Deposits));
    }

    private async Task ReleaseAsync()
    {
        if (seat.Leader is not { } leader)
        {
            return;
        }

        seat.Leader = null;

        try
        {
            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(ReleaseTimeoutSeconds), time);
            await leader.ReleaseAsync(database, timeout.Token);
        }
        catch (Exception exception) when (Transient.Is(exception) || exception is OperationCanceledException)
        {
            LogTransient(world.Mode.Code, exception.Message); // The lease runs out by itself.
        }
    }

    [LoggerMessage(
        Level = LogLevel.Critical, Message = "The watch over the {Mode} chain has stopped, nothing is credited there: {Reason}")]
    private partial void LogStopped(string mode, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Another process watches the {Mode} chain now")]
    private partial void LogLeadershipLost(string mode);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The {Mode} chain can't be read now: {Reason}")]
    private partial void LogChainUnavailable(string mode, string reason);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "The watch over the {Mode} chain was interrupted and goes on: {Reason}")]
    private partial void LogTransient(string mode, string reason);

    [LoggerMessage(Level = LogLevel.Error,
        Message = "A round of the watch over the {Mode} chain failed; it will be tried again")]
    private partial void LogRoundFailed(string mode, Exception exception);
}
