using System.Text.Json;
using MassTransit;

namespace ArdorQr.Contracts.Events;

/// <summary>The rail has paid; Ledger must settle the debit. Published by Payments.</summary>
[EntityName("ardorqr.payments.payment-completed.v1")]
[MessageUrn("ardorqr:payments:payment-completed:v1")]
public sealed record PaymentCompleted : IIntegrationEvent
{
    public required Guid EventId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required Guid MerchantId { get; init; }

    public required Mode Mode { get; init; }

    public required Guid PaymentId { get; init; }

    /// <summary>The transfer that took the money from the wallet into clearing.</summary>
    public required Guid DebitId { get; init; }

    /// <summary>What the payee received.</summary>
    public required Kopecks AmountMinor { get; init; }

    /// <summary>The house's fee.</summary>
    public required Kopecks FeeMinor { get; init; }

    /// <summary>The payment as its GET showed it at that moment; passed on to the merchant as it is.</summary>
    public required JsonElement Payment { get; init; }
}
