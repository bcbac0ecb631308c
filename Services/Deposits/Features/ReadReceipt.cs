using ArdorQr.Deposits.Clients;
using ArdorQr.Deposits.Database;
using ArdorQr.Deposits.Domain;
using ArdorQr.Ton;

namespace ArdorQr.Deposits.Features;

/// <summary>
/// Follows a deposit on the chain: from the sender's transaction to the message it sent us, and from there to our jetton
/// wallet's own transaction, which alone proves something.
/// </summary>
internal sealed class ReadReceipt(World world, ITonChain chain)
{
    private const int MaxPagesPerWallet = 10;

    /// <exception cref="ChainUnavailableException">Ask again later.</exception>
    /// <exception cref="ChainContradictionException">The answers can't all be true.</exception>
    public async Task<(Receipt Receipt, ChainHash? MessageHash)> RunAsync(
        DepositRow row, ChainHead head, CancellationToken cancellationToken)
    {
        var wallet = TonAddress.Parse(row.JettonWallet);
        ChainHash messageHash;
        if (row.MessageHash is not null)
        {
            messageHash = ChainHash.Parse(row.MessageHash);
        }
        else
        {
            var sender = await chain.TransactionAsync(ChainHash.Parse(row.TxHash), cancellationToken);
            if (sender is null)
            {
                return (Receipt.Unknown.Absent, null);
            }

            if (Receipt.InternalTransferTo(wallet, sender) is not { } sent)
            {
                return (sender.IsFinal(head, world.Options.Confirmations)
                    ? new Receipt.Refused(null, Receipt.NotSent)
                    : Receipt.Unknown.Undecided, null);
            }

            messageHash = sent.Hash;
        }

        return await ReceivingAsync(wallet, messageHash, row.TxLt, cancellationToken) is { } receiving
            ? (Receipt.Judge(receiving, wallet, messageHash, world.Jetton, head, world.Options.Confirmations), messageHash)
            : (Receipt.Unknown.Absent, messageHash);
    }

    /// <summary>Our wallet's transaction for the message: it can only be later than the sender's.</summary>
    private async Task<ChainTransaction?> ReceivingAsync(
        TonAddress wallet, ChainHash messageHash, long senderLt, CancellationToken cancellationToken)
    {
        for (var page = 0; page < MaxPagesPerWallet; page++)
        {
            var found = await chain.TransactionsOfAsync(wallet, senderLt, page * ITonChain.PageSize, cancellationToken);
            if (found.Rows.FirstOrDefault(transaction => transaction.InMessage?.Hash == messageHash) is { } receiving)
            {
                return receiving;
            }

            if (found.RowCount < ITonChain.PageSize)
            {
                return null;
            }
        }

        return null;
    }
}
