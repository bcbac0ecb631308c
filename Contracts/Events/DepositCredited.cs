using System.Text.Json;
using MassTransit;

namespace ArdorQr.Contracts.Events;

/// <summary>The wallet was credited, and the deposit says so. Published by Deposits.</summary>
[EntityName("ardorqr.deposits.deposit-credited.v1")]
[MessageUrn("ardorqr:deposits:deposit-credited:v1")]
public sealed record DepositCredited : IIntegrationEvent
{
    public required Guid EventId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required Guid MerchantId { get; init; }

    public required Mode Mode { get; init; }

    public required Guid DepositId { get; init; }

    /// <summary>The deposit as its GET showed it at that moment; passed on to the merchant as it is.</summary>
    public required JsonElement Deposit { get; init; }
}
