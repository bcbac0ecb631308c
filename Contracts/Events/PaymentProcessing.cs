using System.Text.Json;
using MassTransit;

namespace ArdorQr.Contracts.Events;

/// <summary>The debit stands and the rail will be asked to pay. Published by Payments.</summary>
[EntityName("ardorqr.payments.payment-processing.v1")]
[MessageUrn("ardorqr:payments:payment-processing:v1")]
public sealed record PaymentProcessing : IIntegrationEvent
{
    public required Guid EventId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required Guid MerchantId { get; init; }

    public required Mode Mode { get; init; }

    public required Guid PaymentId { get; init; }

    /// <summary>The payment as its GET showed it at that moment; passed on to the merchant as it is.</summary>
    public required JsonElement Payment { get; init; }
}
