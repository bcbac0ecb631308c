using ArdorQr.Contracts;

namespace ArdorQr.Ledger.Domain;

/// <summary>
/// What is asked of the books, named by an id that its sender gave once. The ids that an answer may need
/// (the operation's, the answering event's) come along, so that posting makes none itself.
/// </summary>
/// <param name="Id">The transfer's id; for a void, the id of the debit that must not happen.</param>
/// <param name="Wallet">The wallet whose lock orders the request.</param>
internal abstract record TransferRequest(Guid Id, WalletKey Wallet)
{
    /// <summary>Wallet → payment clearing, if the balance suffices and no other debit of this payment stands.</summary>
    internal sealed record Debit(
        Guid Id, WalletKey Wallet, Guid PaymentId, Sums Sums, string Description, Guid OperationId)
        : TransferRequest(Id, Wallet);

    /// <summary>A debit that was not seen yet must never post.</summary>
    internal sealed record Void(Guid Id, WalletKey Wallet, Guid PaymentId) : TransferRequest(Id, Wallet);

    /// <summary>Deposit clearing → wallet and fee income. The id is the deposit's.</summary>
    internal sealed record Deposit(
        Guid Id, WalletKey Wallet, Sums Sums, string Description, Guid OperationId, Guid AnswerEventId)
        : TransferRequest(Id, Wallet);

    /// <summary>Payment clearing → rail settlement and fee income; closes the debit.</summary>
    internal sealed record Settlement(
        Guid Id, WalletKey Wallet, Guid PaymentId, Guid DebitId, Sums Sums, Guid AnswerEventId)
        : TransferRequest(Id, Wallet);

    /// <summary>Payment clearing → wallet, the whole of it; closes the debit.</summary>
    internal sealed record Refund(
        Guid Id, WalletKey Wallet, Guid PaymentId, Guid DebitId, Sums Sums, string Description, Guid OperationId,
        Guid AnswerEventId)
        : TransferRequest(Id, Wallet);

    /// <summary>
    /// Rail settlement ↔ rail discrepancy, by the rail's word against an operator's; no wallet moves. The id is the
    /// payment's, so that there is one for each. The amount is above zero when the rail didn't pay what was settled,
    /// below when it paid what was refunded.
    /// </summary>
    internal sealed record Discrepancy(Guid Id, WalletKey Wallet, Guid DebitId, Kopecks Amount, Guid AnswerEventId)
        : TransferRequest(Id, Wallet);

    /// <summary>Adjustments ↔ wallet by an operator's word, in either direction, but never below zero.</summary>
    internal sealed record Adjustment(
        Guid Id, WalletKey Wallet, Kopecks Amount, string Description, Guid OperationId)
        : TransferRequest(Id, Wallet);
}
