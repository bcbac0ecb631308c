using ArdorQr.Contracts;

namespace ArdorQr.Deposits.Database;

/// <summary>A row of <c>deposits.deposit</c>, as <see cref="Columns"/> reads it.</summary>
internal record DepositRow
{
    public const string Pending = "pending";
    public const string Credited = "credited";
    public const string BelowMinimum = "below_minimum";
    public const string Failed = "failed";

    public const string Credit = "credit";
    public const string Refuse = "refuse";

    /// <summary>What every reading statement lists.</summary>
    public const string Columns =
        """
        deposit_id, merchant_id, mode, status, network_global_id, jetton_wallet, to_address, from_address, tx_hash, tx_lt,
        message_hash, amount_micros, fee_bps, rate_micros, rate_at, gross_kopecks, fee_kopecks, credited_kopecks,
        failure_reason, operation_id, detected_event_id, credited_event_id, traceparent, created_at, confirmed_at, credited_at,
        receiver_lt, absent_since, hold_reason, decision
        """;

    public Guid DepositId { get; init; }

    public Guid MerchantId { get; init; }

    public Mode Mode { get; init; } = Mode.Test;

    public string Status { get; init; } = "";

    public int NetworkGlobalId { get; init; }

    public string JettonWallet { get; init; } = "";

    public string ToAddress { get; init; } = "";

    public string? FromAddress { get; init; }

    public string TxHash { get; init; } = "";

    public long TxLt { get; init; }

    public string? MessageHash { get; init; }

    public long AmountMicros { get; init; }

    public int FeeBps { get; init; }

    public long? RateMicros { get; init; }

    public DateTimeOffset? RateAt { get; init; }

    public long? GrossKopecks { get; init; }

    public long? FeeKopecks { get; init; }

    public long? CreditedKopecks { get; init; }

    public string? FailureReason { get; init; }

    public Guid? OperationId { get; init; }

    /// <summary>Null while no DepositDetected was made: dust, and rows whose sender's transaction failed.</summary>
    public Guid? DetectedEventId { get; init; }

    public Guid? CreditedEventId { get; init; }

    /// <summary>The trace that began when the row was seen.</summary>
    public string? Traceparent { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Our wallet's own transaction's logical time, once the jettons are known to be ours.</summary>
    public long? ReceiverLt { get; init; }

    /// <summary>Since when a fresh index shows no trace of it.</summary>
    public DateTimeOffset? AbsentSince { get; init; }

    /// <summary>Why what was received isn't credited yet; one of <see cref="Domain.Hold"/>.</summary>
    public string? HoldReason { get; init; }

    /// <summary>An operator's word on it: <see cref="Credit"/> or <see cref="Refuse"/>.</summary>
    public string? Decision { get; init; }

    public DateTimeOffset? ConfirmedAt { get; init; }

    public DateTimeOffset? CreditedAt { get; init; }
}
