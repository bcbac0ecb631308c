namespace ArdorQr.Payments.Domain;

/// <summary>Why a payment failed, in the words of the published API.</summary>
internal static class FailureReasons
{
    /// <summary>Never executed and never will be: the rail has cancelled the id.</summary>
    public const string NotExecuted = "not_executed";

    /// <summary>The reasons that a rail may name; any other makes its answer unreadable.</summary>
    public static IReadOnlySet<string> OfRail { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        "qr_expired",
        "qr_already_paid",
        "payee_rejected",
        "payee_account_invalid",
        "payee_bank_unavailable",
        "limit_exceeded",
        "compliance_declined",
        "rail_rejected",
    };
}
