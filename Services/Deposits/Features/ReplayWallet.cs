using ArdorQr.Contracts;
using ArdorQr.Deposits.Clients;
using ArdorQr.Deposits.Database;
using ArdorQr.Deposits.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.Ton;

namespace ArdorQr.Deposits.Features;

/// <summary>
/// Reads the transactions of a wallet whose balance differs, and stores what isn't known: deposits that the index never
/// showed as transfers (mints, lost rows), and what left the wallet. A deposit found so is verified like any other.
/// </summary>
internal sealed partial class ReplayWallet(
    World world, ITonChain chain, StoreDeposit store, ServiceDatabase database, ILogger<ReplayWallet> logger)
{
    private const int MaxPagesPerTurn = 4;

    /// <param name="leader">Our right to write.</param>
    /// <param name="address">Whose wallet.</param>
    /// <param name="fromLt">Where the last turn left off.</param>
    /// <param name="head">The chain's newest block.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>Up to where all is known.</returns>
    public async Task<long> RunAsync(
        Leadership leader, AddressRow address, long fromLt, ChainHead head, CancellationToken cancellationToken)
    {
        var wallet = TonAddress.Parse(address.JettonWallet);
        long reached = fromLt;
        for (var page = 0; page < MaxPagesPerTurn; page++)
        {
            var found = await chain.TransactionsOfAsync(wallet, fromLt, page * ITonChain.PageSize, cancellationToken);
            foreach (var transaction in found.Rows)
            {
                if (transaction.Account != wallet || !transaction.IsFinal(head, world.Options.Confirmations)
                    || !await TakeAsync(leader, address, transaction, cancellationToken))
                {
                    return reached;
                }

                reached = transaction.Lt;
            }

            if (found.RowCount < ITonChain.PageSize)
            {
                break;
            }
        }

        return reached;
    }

    /// <summary>False when it can't be told yet what it was.</summary>
    private async Task<bool> TakeAsync(
        Leadership leader, AddressRow address, ChainTransaction transaction, CancellationToken cancellationToken)
    {
        switch (WalletEvent.Of(transaction, TonAddress.Parse(address.Owner), world.Jetton))
        {
            case WalletEvent.Moved moved:
                await using (var writing = await leader.BeginAsync(database, cancellationToken))
                {
                    await WalletBooks.NoteMovementAsync(writing, address, transaction, moved, cancellationToken);
                    await writing.CommitAsync(cancellationToken);
                }

                return true;
            case WalletEvent.Received received:
                return await IsKnownAsync(address, received.Message.Hash, cancellationToken)
                    || await StoreAsync(leader, address, received, cancellationToken);
            default:
                return true;
        }
    }

    private async Task<bool> IsKnownAsync(
        AddressRow address, ChainHash messageHash, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT EXISTS (
                SELECT FROM deposits.deposit
                WHERE network_global_id = @networkGlobalId AND jetton_wallet = @wallet AND message_hash = @messageHash)
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleAsync<bool>(sql, new
        {
            networkGlobalId = address.NetworkGlobalId,
            wallet = address.JettonWallet,
            messageHash = messageHash.Hex,
        }, cancellationToken);
    }

    private async Task<bool> StoreAsync(
        Leadership leader, AddressRow address, WalletEvent.Received received, CancellationToken cancellationToken)
    {
        // What the merchant sees and looks up is the sender's transaction; of a mint, the master's.
        if (await chain.SenderOfAsync(received.Message.Hash, cancellationToken) is not { } sender
            || received.Transfer.Amount > long.MaxValue)
        {
            return false;
        }

        using var step = DepositTrace.Begin("deposit found by balance", null);
        await using var transaction = await leader.BeginAsync(database, cancellationToken);
        var hint = new TransferHint(
            sender.Hash, sender.Lt, sender.At, Aborted: false, world.Jetton.Master, received.Transfer.From,
            TonAddress.Parse(address.Owner), Usdt.FromMicros((long)received.Transfer.Amount));
        if (await store.RunAsync(
            transaction, hint, received.Message.Hash, address, step.Traceparent, cancellationToken))
        {
            LogFound(address.JettonWallet, sender.Hash.Hex);
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Wallet {JettonWallet} received what no row showed, sent by {TxHash}")]
    private partial void LogFound(string jettonWallet, string txHash);
}
