using ArdorQr.Contracts;

namespace ArdorQr.Ledger.Domain;

internal enum TransferKind
{
    Deposit,
    Debit,
    Settlement,
    Refund,
    Adjustment,
    Discrepancy,
}

internal enum TransferStatus
{
    Posted,
    Refused,
    Voided,
}

/// <summary>Why a transfer did not post.</summary>
internal static class TransferReasons
{
    public const string InsufficientFunds = "insufficient_funds";

    /// <summary>Another debit of the same payment stands.</summary>
    public const string Superseded = "superseded";

    public const string Voided = "voided";
}

/// <summary>A request with its first answer. It is written once and is the answer to every repetition.</summary>
internal sealed record Transfer
{
    public required Guid TransferId { get; init; }

    public required TransferKind Kind { get; init; }

    public required Guid MerchantId { get; init; }

    public required Mode Mode { get; init; }

    /// <summary>The deposit or the payment.</summary>
    public required Guid SourceId { get; init; }

    /// <summary>The debit that a settlement or a refund closes.</summary>
    public Guid? DebitId { get; init; }

    /// <summary>This and the next two are null for an id that was voided before it was seen.</summary>
    public Kopecks? AmountKopecks { get; init; }

    public Kopecks? FeeKopecks { get; init; }

    public Kopecks? TotalKopecks { get; init; }

    public string Description { get; init; } = "";

    public required TransferStatus Status { get; init; }

    /// <summary>One of <see cref="TransferReasons"/>; null when posted.</summary>
    public string? Reason { get; init; }

    /// <summary>The wallet's balance right after the answer.</summary>
    public required Kopecks BalanceKopecks { get; init; }

    /// <summary>The wallet's entry; null when the wallet didn't move.</summary>
    public Guid? OperationId { get; init; }

    /// <summary>The event that answers the request, also when it is repeated.</summary>
    public Guid? AnswerEventId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public WalletKey Wallet => new(MerchantId, Mode);

    public bool Moves(Sums sums) =>
        (AmountKopecks, FeeKopecks, TotalKopecks) == (sums.Amount, sums.Fee, sums.Total);
}

/// <summary>One account's side of a posted transfer; the last five are a wallet's only.</summary>
internal sealed record Entry(
    Guid TransferId, long AccountId, Kopecks Amount, DateTimeOffset CreatedAt,
    Guid? OperationId = null, long? Sequence = null, Kopecks? BalanceAfter = null,
    OperationHash? PreviousHash = null, OperationHash? Hash = null);

/// <summary>What became of a request.</summary>
internal abstract record Outcome
{
    private Outcome() { }

    /// <summary>The transfer stands as it is, by this request or an earlier one of the same content.</summary>
    internal sealed record Answered(Transfer Transfer) : Outcome;

    /// <summary>The id already stands for something else: a defect of the sender; nothing was changed.</summary>
    internal sealed record Conflict(Transfer Existing) : Outcome;

    /// <summary>There is no such posted debit to close: a defect; nothing was changed.</summary>
    internal sealed record DebitMissing : Outcome;

    /// <summary>The debit was closed the other way: a defect; nothing was changed.</summary>
    internal sealed record ClosedOtherwise(Transfer Closing) : Outcome;

    /// <summary>The wallet's balance would leave 64 bits; nothing was changed.</summary>
    internal sealed record TooLarge : Outcome;

    /// <summary>Too many requests wait already; this one was not taken.</summary>
    internal sealed record Busy : Outcome;
}
