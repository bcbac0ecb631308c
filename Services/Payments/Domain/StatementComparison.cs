using ArdorQr.Contracts;

namespace ArdorQr.Payments.Domain;

/// <summary>A debited payment, as far as a statement can tell of it.</summary>
/// <param name="PaymentId">Its id, which is the transfer's.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Amount">What the payee was to get.</param>
/// <param name="ByHand">An operator has settled it while the rail had no final word.</param>
internal sealed record StatementPayment(Guid PaymentId, PaymentState State, Kopecks Amount, bool ByHand);

/// <summary>Holds our payments against the rail's statement of the same time.</summary>
internal static class StatementComparison
{
    private const string Completed = "completed";
    private const string Failed = "failed";

    /// <summary>What is wrong between the two, or null.</summary>
    /// <param name="payment">Ours, null when the transfer isn't known here.</param>
    /// <param name="status">The rail's, null when it isn't in the statement though it should be.</param>
    /// <param name="amount">The rail's, null when it doesn't say.</param>
    public static string? FaultOf(StatementPayment? payment, string? status, Kopecks? amount) => (payment, status) switch
    {
        (null, null) => null,
        (null, _) => "unknown here",
        (_, not null) when amount is not null && amount != payment.Amount => "another amount",
        ({ State: PaymentState.Resolved or PaymentState.Expired }, not null) => "never debited",
        ({ State: PaymentState.Completed, ByHand: false }, Completed) => null,
        ({ State: PaymentState.Completed, ByHand: false }, _) => $"completed here, {status ?? "absent"} at the rail",
        ({ State: PaymentState.Completed }, Failed) => "completed by hand, failed at the rail",
        ({ State: PaymentState.Refunding or PaymentState.Failed }, Completed) => "refunded here, completed at the rail",
        _ => null, // Under way, or not executed by either.
    };
}
