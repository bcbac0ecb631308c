using MassTransit;

namespace ArdorQr.Contracts.Events;

/// <summary>The merchant may only read from now on. Published by Gateway.</summary>
[MayGoUnheard]
[EntityName("ardorqr.gateway.merchant-suspended.v1")]
[MessageUrn("ardorqr:gateway:merchant-suspended:v1")]
public sealed record MerchantSuspended : IIntegrationEvent
{
    public required Guid EventId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required Guid MerchantId { get; init; }
}
