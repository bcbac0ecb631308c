using MassTransit;

namespace ArdorQr.Contracts.Events;

/// <summary>The merchant may act again. Published by Gateway.</summary>
[MayGoUnheard]
[EntityName("ardorqr.gateway.merchant-resumed.v1")]
[MessageUrn("ardorqr:gateway:merchant-resumed:v1")]
public sealed record MerchantResumed : IIntegrationEvent
{
    public required Guid EventId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required Guid MerchantId { get; init; }
}
