using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Messaging;

namespace ArdorQr.Deposits.Features;

/// <summary>
/// The ids of a deposit's events: each happens once, so that the event made again after a restore is the same one.
/// </summary>
internal static class DepositEvents
{
    public static Guid DetectedId(Guid depositId) => StableId.Of(depositId, "deposit-detected");

    public static Guid ConfirmedId(Guid depositId) => StableId.Of(depositId, "deposit-confirmed");

    /// <summary>
    /// Credited anew at another rate, the deposit is worth another sum: that is another event, or a merchant who has had
    /// the first would never hear of the true one.
    /// </summary>
    public static Guid CreditedId(Guid depositId, Kopecks credited) =>
        StableId.Of(depositId, $"deposit-credited/{credited.Value}");

    public static Guid FailedId(Guid depositId) => StableId.Of(depositId, "deposit-failed");
}
