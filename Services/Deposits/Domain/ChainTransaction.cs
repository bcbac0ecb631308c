using ArdorQr.Contracts;
using ArdorQr.Ton;

namespace ArdorQr.Deposits.Domain;

/// <summary>The newest masterchain block that the chain's index knows.</summary>
/// <param name="GlobalId">The network: −239 mainnet, −3 test networks.</param>
/// <param name="Seqno">The block's number.</param>
/// <param name="EndLt">Every transaction of this and earlier blocks has a smaller logical time.</param>
/// <param name="At">When the block was made.</param>
internal sealed record ChainHead(int GlobalId, long Seqno, long EndLt, DateTimeOffset At);

/// <summary>A row of the index that says USDT are on their way to an owner: a hint, never a receipt.</summary>
/// <param name="TransactionHash">The transaction of the sender's jetton wallet.</param>
/// <param name="Lt">That transaction's logical time.</param>
/// <param name="At">Its time, in whole seconds.</param>
/// <param name="Aborted">That transaction failed: nothing was sent.</param>
/// <param name="Master">The jetton's master, as the index names it.</param>
/// <param name="Source">The sender; null for a mint.</param>
/// <param name="Destination">The owner that is to receive.</param>
/// <param name="Amount">In the jetton's smallest units, which for USDT are micros.</param>
internal sealed record TransferHint(
    ChainHash TransactionHash, long Lt, DateTimeOffset At, bool Aborted, TonAddress Master, TonAddress? Source,
    TonAddress Destination, Usdt Amount);

/// <summary>What a jetton wallet holds.</summary>
/// <param name="Wallet">The jetton wallet.</param>
/// <param name="Micros">The balance after its newest transaction.</param>
/// <param name="LastLt">That transaction's logical time.</param>
internal sealed record WalletBalance(TonAddress Wallet, long Micros, long LastLt);

/// <summary>A transaction as far as deposits care.</summary>
internal sealed record ChainTransaction
{
    public required TonAddress Account { get; init; }

    public required ChainHash Hash { get; init; }

    public required long Lt { get; init; }

    /// <summary>In whole seconds.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The masterchain block that made it final; null while it is in none.</summary>
    public required long? MasterchainSeqno { get; init; }

    public required bool Aborted { get; init; }

    /// <summary>Whether the contract ran, and to a successful end.</summary>
    public required bool ComputeSucceeded { get; init; }

    public required ChainMessage? InMessage { get; init; }

    public required IReadOnlyList<ChainMessage> OutMessages { get; init; }

    /// <summary>Whether it is at least this many masterchain blocks deep below <paramref name="head"/>.</summary>
    public bool IsFinal(ChainHead head, int confirmations) =>
        MasterchainSeqno is { } seqno && seqno + confirmations <= head.Seqno;
}

/// <summary>A message between accounts.</summary>
/// <param name="Hash">The message cell's hash.</param>
/// <param name="Source">Null for a message from outside.</param>
/// <param name="Destination">Null for a message to outside.</param>
/// <param name="Bounced">Whether it is a message that came back.</param>
/// <param name="BodyHash">The hash of the body's cell, as the index names it.</param>
/// <param name="Body">The body; null when the index shows none that can be read.</param>
internal sealed record ChainMessage(
    ChainHash Hash, TonAddress? Source, TonAddress? Destination, bool Bounced, ChainHash? BodyHash, Cell? Body);
