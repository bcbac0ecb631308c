using MassTransit;

namespace ArdorQr.Contracts.Events;

/// <summary>The whole debit is back in the wallet. Published by Ledger in answer to PaymentRejected, also to a repeated one.</summary>
[EntityName("ardorqr.ledger.payment-refunded.v1")]
[MessageUrn("ardorqr:ledger:payment-refunded:v1")]
public sealed record PaymentRefunded : IIntegrationEvent
{
    public required Guid EventId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required Guid MerchantId { get; init; }

    public required Mode Mode { get; init; }

    public required Guid PaymentId { get; init; }

    /// <summary>The refund's entry, as operations show it.</summary>
    public required Guid OperationId { get; init; }

    public required Kopecks TotalMinor { get; init; }
}
