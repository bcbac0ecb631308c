using MassTransit;

namespace ArdorQr.Contracts.Events;

/// <summary>What looked like a deposit will not be credited. Published by Deposits.</summary>
[MayGoUnheard]
[EntityName("ardorqr.deposits.deposit-failed.v1")]
[MessageUrn("ardorqr:deposits:deposit-failed:v1")]
public sealed record DepositFailed : IIntegrationEvent
{
    public required Guid EventId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required Guid MerchantId { get; init; }

    public required Mode Mode { get; init; }

    public required Guid DepositId { get; init; }

    /// <summary>A word of Deposits' own list, e.g. aborted, bounced, vanished.</summary>
    public required string Reason { get; init; }
}
