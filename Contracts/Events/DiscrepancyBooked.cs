using MassTransit;

namespace ArdorQr.Contracts.Events;

/// <summary>
/// The difference between the rail's word and an operator's is booked. Published by Ledger in answer to
/// PaymentContradicted, also to a repeated one.
/// </summary>
[EntityName("ardorqr.ledger.discrepancy-booked.v1")]
[MessageUrn("ardorqr:ledger:discrepancy-booked:v1")]
public sealed record DiscrepancyBooked : IIntegrationEvent
{
    public required Guid EventId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required Guid MerchantId { get; init; }

    public required Mode Mode { get; init; }

    public required Guid PaymentId { get; init; }
}
