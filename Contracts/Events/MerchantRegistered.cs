using MassTransit;

namespace ArdorQr.Contracts.Events;

/// <summary>A merchant exists and may be given addresses and wallets. Published by Gateway.</summary>
[EntityName("ardorqr.gateway.merchant-registered.v1")]
[MessageUrn("ardorqr:gateway:merchant-registered:v1")]
public sealed record MerchantRegistered : IIntegrationEvent
{
    public required Guid EventId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required Guid MerchantId { get; init; }

    /// <summary>The merchant's number, 1..2³¹−1, never reused; the deposit address is derived from it.</summary>
    public required long MerchantNumber { get; init; }

    /// <summary>The merchant's display name.</summary>
    public required string Name { get; init; }
}
