using MassTransit;

namespace ArdorQr.Contracts.Events;

/// <summary>The rail has refused for good; Ledger must return the whole debit. Published by Payments.</summary>
[EntityName("ardorqr.payments.payment-rejected.v1")]
[MessageUrn("ardorqr:payments:payment-rejected:v1")]
public sealed record PaymentRejected : IIntegrationEvent
{
    public required Guid EventId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required Guid MerchantId { get; init; }

    public required Mode Mode { get; init; }

    public required Guid PaymentId { get; init; }

    /// <summary>The transfer that took the money from the wallet into clearing.</summary>
    public required Guid DebitId { get; init; }

    /// <summary>What goes back: amount and fee.</summary>
    public required Kopecks TotalMinor { get; init; }

    /// <summary>A failureReason of the published API.</summary>
    public required string FailureReason { get; init; }
}
