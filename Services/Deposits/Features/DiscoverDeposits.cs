using ArdorQr.Contracts.Events;
using ArdorQr.Deposits.Clients;
using ArdorQr.Deposits.Database;
using ArdorQr.Deposits.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Faults;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.Ton;

namespace ArdorQr.Deposits.Features;

/// <summary>
/// Reads the index's rows of transfers to our addresses, from a little below the cursor up to the chain's newest block,
/// and stores each new one as a pending deposit. The cursor moves only with what was stored.
/// </summary>
/// <remarks>
/// The newest block is read before the addresses are: a transfer to an address given later is above it, so that moving
/// the cursor there skips nobody.
/// </remarks>
internal sealed partial class DiscoverDeposits(
    World world, ITonChain chain, ServiceDatabase database, FaultHook faults, TimeProvider time,
    ILogger<DiscoverDeposits> logger)
{
    private const int MaxPagesPerScan = 20;
    private const int MaxRowsPerTransaction = 200;

    /// <param name="leader">Our right to write.</param>
    /// <param name="head">The chain's newest block, read a moment ago.</param>
    /// <param name="cursorLt">Everything below was stored.</param>
    /// <param name="cancellationToken">Stops the scan.</param>
    public async Task RunAsync(Leadership leader, ChainHead head, long cursorLt, CancellationToken cancellationToken)
    {
        var startLt = Math.Max(0, cursorLt - world.Options.CursorOverlapLt);
        var reached = head.EndLt;
        for (var after = "";;)
        {
            var addresses = await AddressesAsync(after, cancellationToken);
            if (addresses.Count > 0)
            {
                reached = Math.Min(reached, await ScanAsync(leader, addresses, startLt, head.EndLt, cancellationToken));
            }

            if (addresses.Count < ITonChain.MaxOwners)
            {
                break;
            }

            after = addresses[^1].Owner;
        }

        if (reached > cursorLt)
        {
            await using var transaction = await leader.BeginAsync(database, cancellationToken);
            await leader.AdvanceAsync(transaction, reached, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
    }

    private async Task<IReadOnlyList<AddressRow>> AddressesAsync(string after, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await Addresses.PageAsync(connection, world.Mode, after, ITonChain.MaxOwners, cancellationToken);
    }

    /// <summary>Stores what these addresses are sent; returns up to which logical time that is complete.</summary>
    private async Task<long> ScanAsync(
        Leadership leader, IReadOnlyList<AddressRow> addresses, long startLt, long endLt, CancellationToken cancellationToken)
    {
        var byOwner = addresses.ToDictionary(address => TonAddress.Parse(address.Owner));
        var owners = byOwner.Keys.ToList();
        var lastLt = startLt;
        for (var page = 0; page < MaxPagesPerScan; page++)
        {
            var offset = page * ITonChain.PageSize;
            var found = await chain.IncomingTransfersAsync(
                owners, world.Jetton.Master, startLt, endLt, offset, cancellationToken);
            if (found.Rows.Count < found.RowCount)
            {
                LogUnreadableRows(found.RowCount - found.Rows.Count);
            }

            // The index was asked for one jetton; a row of another one is a fake, whatever its name.
            var ours = found.Rows
                .Where(hint => hint.Master == world.Jetton.Master && byOwner.ContainsKey(hint.Destination)).ToList();
            await StoreAsync(leader, await UnknownAsync(ours, cancellationToken), byOwner, cancellationToken);
            if (found.RowCount < ITonChain.PageSize)
            {
                return endLt;
            }

            lastLt = found.Rows.Count > 0 ? Math.Max(lastLt, found.Rows.Max(hint => hint.Lt)) : lastLt;
        }

        LogScanCut(lastLt);
        return lastLt;
    }

    private async Task<List<TransferHint>> UnknownAsync(List<TransferHint> hints, CancellationToken cancellationToken)
    {
        const string sql = "SELECT tx_hash, to_address FROM deposits.deposit WHERE mode = @mode AND tx_hash = ANY(@hashes)";
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

    private async Task StoreAsync(
        Leadership leader, List<TransferHint> hints, Dictionary<TonAddress, AddressRow> byOwner,
        CancellationToken cancellationToken)
    {
        foreach (var chunk in hints.Chunk(MaxRowsPerTransaction))
        {
            using var step = DepositTrace.Begin("deposits seen", null);
            await using var transaction = await leader.BeginAsync(database, cancellationToken);
            foreach (var hint in chunk)
            {
                await StoreAsync(transaction, hint, byOwner[hint.Destination], step.Traceparent, cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
            faults.Reach("deposits.stored");
        }
    }

    private async Task StoreAsync(
        ServiceTransaction transaction, TransferHint hint, AddressRow address, string? traceparent,
        CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            INSERT INTO deposits.deposit (
                deposit_id, merchant_id, mode, status, network_global_id, jetton_wallet, to_address, from_address, tx_hash,
                tx_lt, amount_micros, fee_bps, detected_event_id, traceparent)
            VALUES (
                @depositId, @merchantId, @mode, 'pending', @networkGlobalId, @jettonWallet, @toAddress, @fromAddress, @txHash,
                @txLt, @amount, @feeBps, @detectedEventId, @traceparent)
            ON CONFLICT (network_global_id, jetton_wallet, tx_hash) DO NOTHING
            RETURNING {DepositRow.Columns}
            """;
        // Dust and what was never sent make no event; they are verified after all else.
        var isQuiet = hint.Aborted || hint.Amount < world.MinAmount;
        var row = await transaction.QuerySingleOrDefaultAsync<DepositRow>(sql, new
        {
            depositId = Guid.CreateVersion7(time.GetUtcNow()),
            merchantId = address.MerchantId,
            mode = world.Mode,
            networkGlobalId = address.NetworkGlobalId,
            jettonWallet = address.JettonWallet,
            toAddress = address.Owner,
            fromAddress = hint.Source?.ToRaw(),
            txHash = hint.TransactionHash.Hex,
            txLt = hint.Lt,
            amount = hint.Amount,
            feeBps = world.Options.FeeBps,
            traceparent,
            detectedEventId = isQuiet ? (Guid?)null : Guid.CreateVersion7(time.GetUtcNow()),
        }, cancellationToken);
        if (row is { DetectedEventId: not null })
        {
            transaction.Enqueue(DetectedEvent(row));
            LogDetected(row.DepositId, world.Mode.Code, row.TxHash);
        }
    }

    /// <summary>The announcement of a pending deposit.</summary>
    public static DepositDetected DetectedEvent(DepositRow row) => new()
    {
        EventId = row.DetectedEventId!.Value,
        CreatedAt = row.CreatedAt,
        MerchantId = row.MerchantId,
        Mode = row.Mode,
        DepositId = row.DepositId,
        Deposit = ApiJson.Snapshot(DepositView.Of(row)),
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "Deposit {DepositId} seen on the {Mode} chain in {TxHash}")]
    private partial void LogDetected(Guid depositId, string mode, string txHash);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} rows of transfers can't be read and are left out")]
    private partial void LogUnreadableRows(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "More transfers than one scan takes; it goes on at logical time {Lt}")]
    private partial void LogScanCut(long lt);
}
