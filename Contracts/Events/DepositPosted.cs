using MassTransit;

namespace ArdorQr.Contracts.Events;

/// <summary>The wallet holds the deposit. Published by Ledger in answer to DepositConfirmed, also to a repeated one.</summary>
[EntityName("ardorqr.ledger.deposit-posted.v1")]
[MessageUrn("ardorqr:ledger:deposit-posted:v1")]
public sealed record DepositPosted : IIntegrationEvent
{
    public required Guid EventId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required Guid MerchantId { get; init; }

    public required Mode Mode { get; init; }

    public required Guid DepositId { get; init; }

    /// <summary>The wallet's entry, as operations show it.</summary>
    public required Guid OperationId { get; init; }

    public required Kopecks CreditedMinor { get; init; }
}
