using MassTransit;

namespace ArdorQr.Contracts.Events;

/// <summary>
/// An operator has settled the payment by hand, and the rail's final word is another. Nothing changes for the merchant;
/// Ledger must book the difference. Published by Payments, once per payment.
/// </summary>
[EntityName("ardorqr.payments.payment-contradicted.v1")]
[MessageUrn("ardorqr:payments:payment-contradicted:v1")]
public sealed record PaymentContradicted : IIntegrationEvent
{
    public required Guid EventId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required Guid MerchantId { get; init; }

    public required Mode Mode { get; init; }

    public required Guid PaymentId { get; init; }

    /// <summary>The transfer that took the money from the wallet into clearing.</summary>
    public required Guid DebitId { get; init; }

    /// <summary>What the rail has paid, or hasn't, in kopecks, without our fee.</summary>
    public required Kopecks AmountMinor { get; init; }

    /// <summary>True: it paid what was refunded. False: it didn't pay what was settled.</summary>
    public required bool RailHasPaid { get; init; }
}
