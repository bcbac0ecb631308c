using MassTransit;

namespace ArdorQr.Contracts.Events;

/// <summary>The transfer is verified and final and its amounts are fixed; Ledger must post it once. Published by Deposits.</summary>
[EntityName("ardorqr.deposits.deposit-confirmed.v1")]
[MessageUrn("ardorqr:deposits:deposit-confirmed:v1")]
public sealed record DepositConfirmed : IIntegrationEvent
{
    public required Guid EventId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required Guid MerchantId { get; init; }

    public required Mode Mode { get; init; }

    /// <summary>Also the id of Ledger's transfer.</summary>
    public required Guid DepositId { get; init; }

    /// <summary>Amount × rate, rounded down; more than zero.</summary>
    public required Kopecks GrossMinor { get; init; }

    /// <summary>The house's fee, rounded up.</summary>
    public required Kopecks FeeMinor { get; init; }

    /// <summary>Gross − fee: what the wallet receives.</summary>
    public required Kopecks CreditedMinor { get; init; }

    /// <summary>Shown to the merchant with the operation.</summary>
    public required string Description { get; init; }
}
