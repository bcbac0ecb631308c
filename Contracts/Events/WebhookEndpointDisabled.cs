using MassTransit;

namespace ArdorQr.Contracts.Events;

/// <summary>
/// Deliveries to a merchant's endpoint are paused because of what it answered. Published by Webhooks, heard by the
/// Gateway, which keeps it as a notice for the operators.
/// </summary>
[EntityName("ardorqr.webhooks.webhook-endpoint-disabled.v1")]
[MessageUrn("ardorqr:webhooks:webhook-endpoint-disabled:v1")]
public sealed record WebhookEndpointDisabled : IIntegrationEvent
{
    public required Guid EventId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required Guid MerchantId { get; init; }

    public required Mode Mode { get; init; }

    /// <summary>gone (410) or failing (nothing but failures for the allowed time).</summary>
    public required string Reason { get; init; }
}
