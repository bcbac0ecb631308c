using ArdorQr.Deposits.Clients;
using ArdorQr.Deposits.Database;
using ArdorQr.Deposits.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Faults;
using ArdorQr.Ton;

namespace ArdorQr.Deposits.Features;

/// <summary>
/// Reads the index's rows of transfers and stores each new one to an address of ours as a pending deposit. New rows are
/// read from the cursor up to the chain's newest block, and the cursor moves only with what was stored; below it the
/// overlap is read again, a page per round, because indexes add late.
/// </summary>
/// <remarks>
/// While merchants are few their addresses are named in the requests. Above a number of them one scan takes all of the
/// jetton's transfers, so that the requests don't grow with the merchants. The newest block is read before the addresses
/// are: a transfer to an address given later is above it, so that moving the cursor there skips nobody.
/// </remarks>
internal sealed partial class DiscoverDeposits(
    World world, ITonChain chain, StoreDeposit store, ServiceDatabase database, FaultHook faults,
    ILogger<DiscoverDeposits> logger)
{
    private const int MaxPagesPerScan = 20;
    private const int MaxRowsPerTransaction = 200;

    /// <summary>
    /// Where each group's walk over the overlap goes on; it begins anew when it has reached the cursor.
    /// </summary>
    private readonly Dictionary<string, long> _lateLt = [];

    /// <param name="leader">Our right to write.</param>
    /// <param name="head">The chain's newest block, read a moment ago.</param>
    /// <param name="cursorLt">Everything below was stored.</param>
    /// <param name="cancellationToken">Stops the scan.</param>
    public async Task RunAsync(Leadership leader, ChainHead head, long cursorLt, CancellationToken cancellationToken)
    {
        var isScan = await IsScanAsync(cancellationToken);
        // Nobody had an address before the first round: the jetton's whole past needn't be read.
        var startLt = isScan && cursorLt == 0 ? Math.Max(0, head.EndLt - world.Options.CursorOverlapLt) : cursorLt;
        var reached = head.EndLt;
        for (var after = "";;)
        {
            var owners = isScan ? [] : await OwnersAsync(after, cancellationToken);
            if (isScan || owners.Count > 0)
            {
                if (startLt < head.EndLt)
                {
                    reached = Math.Min(
                        reached, await ReadNewAsync(leader, owners, startLt, head.EndLt, cancellationToken));
                }

                await ReadLateAsync(leader, owners, after, cursorLt, cancellationToken);
            }

            if (owners.Count < ITonChain.MaxOwners)
            {
                break;
            }

            after = owners[^1].ToRaw();
        }

        if (reached > cursorLt)
        {
            await using var transaction = await leader.BeginAsync(database, cancellationToken);
            await leader.AdvanceAsync(transaction, reached, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
    }

    private async Task<bool> IsScanAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await Addresses.AreMoreThanAsync(
            connection, world.Mode, world.Options.ScanMasterAboveMerchants, cancellationToken);
    }

    private async Task<IReadOnlyList<TonAddress>> OwnersAsync(string after, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await Addresses.PageAsync(connection, world.Mode, after, ITonChain.MaxOwners, cancellationToken);
        return [.. rows.Select(row => TonAddress.Parse(row.Owner))];
    }

    /// <summary>Stores what is new; returns up to which logical time that is complete.</summary>
    private async Task<long> ReadNewAsync(
        Leadership leader, IReadOnlyList<TonAddress> owners, long startLt, long endLt, CancellationToken cancellationToken)
    {
        var lastLt = startLt;
        for (var page = 0; page < MaxPagesPerScan; page++)
        {
            var found = await ReadPageAsync(
                leader, owners, startLt, endLt, page * ITonChain.PageSize, cancellationToken);
            if (found.RowCount < ITonChain.PageSize)
            {
                return endLt;
            }

            lastLt = LastLt(found, lastLt);
        }

        LogScanCut(lastLt);
        return lastLt;
    }

    /// <summary>One page of what was read before, from where the last round left off.</summary>
    private async Task ReadLateAsync(
        Leadership leader, IReadOnlyList<TonAddress> owners, string group, long cursorLt, CancellationToken cancellationToken)
    {
        var oldest = Math.Max(0, cursorLt - world.Options.CursorOverlapLt);
        var startLt = Math.Max(oldest, _lateLt.GetValueOrDefault(group));
        if (startLt >= cursorLt)
        {
            startLt = oldest;
        }

        if (startLt < cursorLt)
        {
            var found = await ReadPageAsync(leader, owners, startLt, cursorLt, 0, cancellationToken);
            // Past its last row, and past its first if all have one time: the walk must never stand still.
            _lateLt[group] = found.RowCount < ITonChain.PageSize ? 0 : Math.Max(LastLt(found, startLt), startLt + 1);
        }
    }

    private static long LastLt(ChainPage<TransferHint> page, long otherwise) =>
        page.Rows.Count > 0 ? Math.Max(otherwise, page.Rows.Max(hint => hint.Lt)) : otherwise;

    private async Task<ChainPage<TransferHint>> ReadPageAsync(
        Leadership leader, IReadOnlyList<TonAddress> owners, long startLt, long endLt, int offset,
        CancellationToken cancellationToken)
    {
        var found = await chain.IncomingTransfersAsync(
            owners, world.Jetton.Master, startLt, endLt, offset, cancellationToken);
        if (found.Rows.Count < found.RowCount)
        {
            LogUnreadableRows(found.RowCount - found.Rows.Count);
        }

        // The index was asked for one jetton; a row of another one is a fake, whatever its name.
        var hints = found.Rows.Where(hint => hint.Master == world.Jetton.Master).ToList();
        if (hints.Count > 0)
        {
            await StoreAsync(leader, hints, cancellationToken);
        }

        return found;
    }

    private async Task StoreAsync(Leadership leader, List<TransferHint> hints, CancellationToken cancellationToken)
    {
        var ours = await OursAsync(hints, cancellationToken);
        foreach (var chunk in (await UnknownAsync(hints, ours, cancellationToken)).Chunk(MaxRowsPerTransaction))
        {
            using var step = DepositTrace.Begin("deposits seen", null);
            await using var transaction = await leader.BeginAsync(database, cancellationToken);
            foreach (var hint in chunk)
            {
                await store.RunAsync(
                    transaction, hint, null, ours[hint.Destination], step.Traceparent, cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
            faults.Reach("deposits.stored");
        }
    }

    private async Task<Dictionary<TonAddress, AddressRow>> OursAsync(
        List<TransferHint> hints, CancellationToken cancellationToken)
    {
        var destinations = hints.Select(hint => hint.Destination).ToHashSet();
        await using var connection = await database.OpenAsync(cancellationToken);
        return (await Addresses.OfOwnersAsync(connection, world.Mode, destinations, cancellationToken))
            .ToDictionary(address => TonAddress.Parse(address.Owner));
    }

    private async Task<List<TransferHint>> UnknownAsync(
        List<TransferHint> hints, Dictionary<TonAddress, AddressRow> ours, CancellationToken cancellationToken)
    {
        const string sql = "SELECT tx_hash, to_address FROM deposits.deposit WHERE mode = @mode AND tx_hash = ANY(@hashes)";
        hints = [.. hints.Where(hint => ours.ContainsKey(hint.Destination))];
        if (hints.Count == 0)
        {
            return hints;
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        var hashes = hints.Select(hint => hint.TransactionHash.Hex).ToArray();
        var known = (await connection.QueryAsync<(string TxHash, string ToAddress)>(
            sql, new { mode = world.Mode, hashes }, cancellationToken)).ToHashSet();
        return [.. hints.Where(hint => !known.Contains((hint.TransactionHash.Hex, hint.Destination.ToRaw())))];
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} rows of transfers can't be read and are left out")]
    private partial void LogUnreadableRows(int count);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "More transfers than one scan takes; it goes on at logical time {Lt}")]
    private partial void LogScanCut(long lt);
}
