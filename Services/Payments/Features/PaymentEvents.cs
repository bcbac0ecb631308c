using ArdorQr.ServiceDefaults.Messaging;

namespace ArdorQr.Payments.Features;

/// <summary>
/// The ids of a payment's events: each happens once, so that the event made again after a restore is the same one, and
/// a merchant who has had it knows it.
/// </summary>
internal static class PaymentEvents
{
    public static Guid ProcessingId(Guid paymentId) => StableId.Of(paymentId, "payment-processing");

    public static Guid CompletedId(Guid paymentId) => StableId.Of(paymentId, "payment-completed");

    public static Guid RejectedId(Guid paymentId) => StableId.Of(paymentId, "payment-rejected");

    public static Guid FailedId(Guid paymentId) => StableId.Of(paymentId, "payment-failed");

    public static Guid ContradictedId(Guid paymentId) => StableId.Of(paymentId, "payment-contradicted");
}
