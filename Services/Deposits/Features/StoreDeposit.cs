using ArdorQr.Contracts.Events;
using ArdorQr.Deposits.Database;
using ArdorQr.Deposits.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Messaging;

namespace ArdorQr.Deposits.Features;

/// <summary>
/// Stores a transfer that was seen as a pending deposit, once, and announces it. Dust and what was never sent make no
/// event; they are verified after all else. Its id is one of the chain's facts: found again after a restore, it is the
/// deposit that the merchant has heard of.
/// </summary>
internal sealed partial class StoreDeposit(World world, ILogger<StoreDeposit> logger)
{
    /// <param name="transaction">The leader's.</param>
    /// <param name="hint">What was seen.</param>
    /// <param name="messageHash">The message that our wallet received, when that was seen first.</param>
    /// <param name="address">Whose it is.</param>
    /// <param name="traceparent">The trace that it begins.</param>
    /// <param name="cancellationToken">Stops the statement.</param>
    /// <returns>Whether it is new.</returns>
    public async Task<bool> RunAsync(
        ServiceTransaction transaction, TransferHint hint, ChainHash? messageHash, AddressRow address, string? traceparent,
        CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            INSERT INTO deposits.deposit (
                deposit_id, merchant_id, mode, status, network_global_id, jetton_wallet, to_address, from_address, tx_hash,
                tx_lt, message_hash, amount_micros, fee_bps, detected_event_id, traceparent)
            VALUES (
                @depositId, @merchantId, @mode, 'pending', @networkGlobalId, @jettonWallet, @toAddress, @fromAddress, @txHash,
                @txLt, @messageHash, @amount, @feeBps, @detectedEventId, @traceparent)
            ON CONFLICT DO NOTHING
            RETURNING {DepositRow.Columns}
            """;
        var isQuiet = hint.Aborted || hint.Amount < world.MinAmount;
        var depositId = StableId.Of(
            hint.At, $"deposit/{address.NetworkGlobalId}/{address.JettonWallet}/{hint.TransactionHash.Hex}");
        var row = await transaction.QuerySingleOrDefaultAsync<DepositRow>(sql, new
        {
            depositId,
            merchantId = address.MerchantId,
            mode = world.Mode,
            networkGlobalId = address.NetworkGlobalId,
            jettonWallet = address.JettonWallet,
            toAddress = address.Owner,
            fromAddress = hint.Source?.ToRaw(),
            txHash = hint.TransactionHash.Hex,
            txLt = hint.Lt,
            messageHash = messageHash?.Hex,
            amount = hint.Amount,
            feeBps = world.Options.FeeBps,
            traceparent,
            detectedEventId = isQuiet ? (Guid?)null : DepositEvents.DetectedId(depositId),
        }, cancellationToken);
        if (row is { DetectedEventId: not null })
        {
            transaction.Enqueue(DetectedEvent(row));
            LogDetected(row.DepositId, world.Mode.Code, row.TxHash);
        }

        return row is not null;
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
}
