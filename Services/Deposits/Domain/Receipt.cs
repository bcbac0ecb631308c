using ArdorQr.Contracts;
using ArdorQr.Ton;

namespace ArdorQr.Deposits.Domain;

/// <summary>
/// What the chain itself says of a hinted transfer, read off the receiving jetton wallet's own transaction. The index's
/// row alone proves nothing: a wallet can be locked by the jetton's issuer, and then the row looks fine.
/// </summary>
internal abstract record Receipt
{
    private Receipt() { }

    /// <summary>Our wallet took the message in: these jettons are ours.</summary>
    internal sealed record Received(ChainHash TransactionHash, long Lt, Usdt Amount, TonAddress? From) : Receipt;

    /// <summary>Our wallet's transaction refused the message, for good.</summary>
    internal sealed record Refused(ChainHash? TransactionHash, string Reason) : Receipt;

    /// <summary>The chain has not said yet.</summary>
    /// <param name="IsAbsent">Whether a transaction that there should be isn't there, rather than not final yet.</param>
    internal sealed record Unknown(bool IsAbsent) : Receipt
    {
        public static Unknown Absent { get; } = new(IsAbsent: true);

        public static Unknown Undecided { get; } = new(IsAbsent: false);
    }

    public const string Aborted = "aborted";
    public const string Bounced = "bounced";
    public const string NotSent = "not_sent";
    public const string Vanished = "vanished";

    /// <summary>It arrived, and an operator decided that it isn't credited.</summary>
    public const string RefusedByOperator = "refused";

    /// <summary>
    /// The message by which a sender's transaction passes jettons to our wallet; null when it sent none.
    /// </summary>
    /// <exception cref="ChainContradictionException">It sent something that can't be read: no proof either way.</exception>
    public static ChainMessage? InternalTransferTo(TonAddress jettonWallet, ChainTransaction sender)
    {
        var sent = sender.OutMessages.Where(message => message.Destination == jettonWallet && !message.Bounced).ToList();
        return sent.Any(message => message.Body is null)
            ? throw new ChainContradictionException("The sender's message to our wallet can't be read.")
            : sent.FirstOrDefault(message => BodyOf(message) is not null);
    }

    /// <summary>Judges the receiving wallet's transaction for the message that the sender's transaction sent.</summary>
    /// <param name="transaction">The transaction of <paramref name="jettonWallet"/> whose incoming message has that hash.</param>
    /// <param name="jettonWallet">Our jetton wallet.</param>
    /// <param name="messageHash">The message's hash.</param>
    /// <param name="usdt">Which jetton it must be.</param>
    /// <param name="head">The chain's newest block.</param>
    /// <param name="confirmations">How many masterchain blocks deep is final.</param>
    /// <exception cref="ChainContradictionException">The chain's answers contradict each other: a defect or a lie.</exception>
    public static Receipt Judge(
        ChainTransaction transaction, TonAddress jettonWallet, ChainHash messageHash, JettonKind usdt, ChainHead head,
        int confirmations)
    {
        if (transaction.Account != jettonWallet || transaction.InMessage is not { } message || message.Hash != messageHash
            || message.Destination != jettonWallet)
        {
            throw new ChainContradictionException("The transaction isn't our wallet's for this message.");
        }

        if (!transaction.IsFinal(head, confirmations))
        {
            return Unknown.Undecided;
        }

        if (message.Bounced || transaction.Aborted || !transaction.ComputeSucceeded)
        {
            return new Refused(transaction.Hash, transaction.OutMessages.Any(sent => sent.Bounced) ? Bounced : Aborted);
        }

        if (BodyOf(message) is not { } body)
        {
            throw new ChainContradictionException("Our wallet took a message that is no internal_transfer.");
        }

        if (!usdt.MaySend(message.Source, body.From))
        {
            throw new ChainContradictionException("Our wallet took an internal_transfer from a stranger.");
        }

        return body.Amount <= long.MaxValue
            ? new Received(transaction.Hash, transaction.Lt, Usdt.FromMicros((long)body.Amount), body.From)
            : throw new ChainContradictionException("More jettons arrived than exist.");
    }

    /// <summary>The internal_transfer that a message carries; null when it carries none that fits its hash.</summary>
    public static InternalTransfer? BodyOf(ChainMessage message) =>
        TrueBodyOf(message) is { } cell && JettonMessages.TryParse(cell, out InternalTransfer? transfer) ? transfer : null;

    /// <summary>A message's body, if it is the one that the index names by its hash.</summary>
    public static Cell? TrueBodyOf(ChainMessage message) =>
        message.Body is { } cell && message.BodyHash?.Hex == cell.HashHex ? cell : null;
}

/// <summary>The one jetton that counts in a world, and where an owner's are held.</summary>
internal sealed record JettonKind(TonAddress Master, Cell WalletCode)
{
    public TonAddress WalletOf(TonAddress owner) => JettonWallet.AddressOf(owner, Master, WalletCode);

    /// <summary>Only the master and the wallet of the owner that is named may tell a wallet that it has more.</summary>
    public bool MaySend(TonAddress? source, TonAddress? from) =>
        source == Master || (from is { } owner && source == WalletOf(owner));
}

/// <summary>The chain's index says things that can't all be true. Nothing is credited on such an answer.</summary>
internal sealed class ChainContradictionException(string message) : Exception(message);
