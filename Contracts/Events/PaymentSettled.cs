using MassTransit;

namespace ArdorQr.Contracts.Events;

/// <summary>The debit was moved on to the rail's settlement and the fee income. Published by Ledger in answer to PaymentCompleted, also to a repeated one.</summary>
[EntityName("ardorqr.ledger.payment-settled.v1")]
[MessageUrn("ardorqr:ledger:payment-settled:v1")]
public sealed record PaymentSettled : IIntegrationEvent
{
    public required Guid EventId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required Guid MerchantId { get; init; }

    public required Mode Mode { get; init; }

    public required Guid PaymentId { get; init; }

    public required Guid DebitId { get; init; }
}
