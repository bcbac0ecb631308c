namespace ArdorQr.Payments.Domain;

/// <summary>Where a payment stands. <see cref="Refunding"/> is ours alone: merchants see it as confirming.</summary>
internal enum PaymentState
{
    /// <summary>The code was read and the sum is known; nothing is debited.</summary>
    Resolved,

    /// <summary>Debited; the rail is asked to pay, and its outcome isn't final yet.</summary>
    Confirming,

    /// <summary>The rail has refused for good; the money is on its way back to the wallet.</summary>
    Refunding,

    /// <summary>The payee was paid.</summary>
    Completed,

    /// <summary>Refused, and the money is back.</summary>
    Failed,

    /// <summary>Never confirmed in time.</summary>
    Expired,
}

/// <summary>
/// The one place that says how payments move. The trigger of the table repeats it.
/// <code>
/// resolved ──▶ confirming ──▶ completed
///     │             └───────▶ refunding ──▶ failed
///     └──────▶ expired
/// </code>
/// </summary>
internal static class PaymentStates
{
    /// <summary>Every allowed move; all others are defects.</summary>
    public static IReadOnlyList<(PaymentState From, PaymentState To)> Transitions { get; } =
    [
        (PaymentState.Resolved, PaymentState.Confirming), // Ledger has posted the debit.
        (PaymentState.Resolved, PaymentState.Expired), // Time is up, and no debit is open.
        (PaymentState.Confirming, PaymentState.Completed), // The rail said completed.
        (PaymentState.Confirming, PaymentState.Refunding), // The rail said failed or cancelled.
        (PaymentState.Refunding, PaymentState.Failed), // Ledger has returned the money.
    ];

    /// <summary>The statuses of the published API, in the order of a payment's life.</summary>
    public static IReadOnlyList<string> PublicStatuses { get; } =
        ["resolved", "confirming", "completed", "failed", "expired"];

    /// <summary>What merchants see.</summary>
    public static string PublicStatus(this PaymentState state) =>
        state == PaymentState.Refunding ? "confirming" : state.Code();

    /// <summary>The state's name in the database.</summary>
    public static string Code(this PaymentState state) => state switch
    {
        PaymentState.Resolved => "resolved",
        PaymentState.Confirming => "confirming",
        PaymentState.Refunding => "refunding",
        PaymentState.Completed => "completed",
        PaymentState.Failed => "failed",
        PaymentState.Expired => "expired",
        _ => throw new ArgumentOutOfRangeException(nameof(state)),
    };

    /// <summary>The states that a public status stands for.</summary>
    public static string[] CodesOf(string publicStatus) =>
        [.. Enum.GetValues<PaymentState>().Where(state => state.PublicStatus() == publicStatus).Select(Code)];

    /// <exception cref="InvalidOperationException">A defect: it isn't among <see cref="Transitions"/>.</exception>
    public static void Require(PaymentState from, PaymentState to)
    {
        if (!Transitions.Contains((from, to)))
        {
            throw new InvalidOperationException($"A payment that is {from.Code()} may not become {to.Code()}.");
        }
    }
}
