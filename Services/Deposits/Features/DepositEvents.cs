using ArdorQr.ServiceDefaults.Messaging;

namespace ArdorQr.Deposits.Features;

/// <summary>
/// The ids of a deposit's events: each happens once, so that the event made again after a restore is the same one.
/// </summary>
internal static class DepositEvents
{
    public static Guid DetectedId(Guid depositId) => StableId.Of(depositId, "deposit-detected");

    public static Guid ConfirmedId(Guid depositId) => StableId.Of(depositId, "deposit-confirmed");

    public static Guid CreditedId(Guid depositId) => StableId.Of(depositId, "deposit-credited");

    public static Guid FailedId(Guid depositId) => StableId.Of(depositId, "deposit-failed");
}
