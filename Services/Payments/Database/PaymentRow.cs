using ArdorQr.Contracts;
using ArdorQr.Payments.Domain;

namespace ArdorQr.Payments.Database;

/// <summary>A row of <c>payments.payment</c>.</summary>
internal sealed record PaymentRow
{
    /// <summary>The columns of this record, for a SELECT or RETURNING.</summary>
    public const string Columns =
        """
        payment_id, merchant_id, mode, state, version, review, review_reason,
        amount_kopecks, fee_kopecks, total_kopecks, payee_name, payee_bank, payee_inn, qr_format, qr_kind, qr_warnings, qr_canonical,
        sealed, sealed_key_id, rail,
        reference, failure_reason,
        open_attempt_id, debit_id, operation_id, processing_event_id, outcome_event_id, failed_event_id,
        created_at, expires_at, confirmed_at, completed_at, changed_at
        """;

    public Guid PaymentId { get; init; }

    public Guid MerchantId { get; init; }

    public Mode Mode { get; init; } = Mode.Test;

    public PaymentState State { get; init; }

    public long Version { get; init; }

    public bool Review { get; init; }

    public string? ReviewReason { get; init; }

    public Kopecks AmountKopecks { get; init; }

    public Kopecks FeeKopecks { get; init; }

    public Kopecks TotalKopecks { get; init; }

    /// <summary>Null when it is sealed or erased, as the code is: <see cref="PaymentSeals.DetailsOf"/> reads all forms.</summary>
    public string? PayeeName { get; init; }

    public string? PayeeBank { get; init; }

    public string? PayeeInn { get; init; }

    public string QrFormat { get; init; } = "";

    public string? QrKind { get; init; }

    public string[] QrWarnings { get; init; } = [];

    public string? QrCanonical { get; init; }

    public byte[]? Sealed { get; init; }

    public string? SealedKeyId { get; init; }

    public string Rail { get; init; } = "";

    public string? Reference { get; init; }

    public string? FailureReason { get; init; }

    public Guid? OpenAttemptId { get; init; }

    public Guid? DebitId { get; init; }

    public Guid? OperationId { get; init; }

    public Guid? ProcessingEventId { get; init; }

    public Guid? OutcomeEventId { get; init; }

    public Guid? FailedEventId { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset? ConfirmedAt { get; init; }

    public DateTimeOffset? CompletedAt { get; init; }

    public DateTimeOffset ChangedAt { get; init; }
}
