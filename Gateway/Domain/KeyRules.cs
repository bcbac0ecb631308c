using ArdorQr.Contracts;

namespace ArdorQr.Gateway.Domain;

/// <summary>What keys may do.</summary>
internal static class KeyRules
{
    public const string Read = "read";
    public const string Pay = "pay";
    public const string Keys = "keys";
    public const string Webhooks = "webhooks";

    public static IReadOnlyList<string> AllRights { get; } = [Read, Pay, Keys, Webhooks];

    /// <summary>
    /// Keys are the one exception to the wall between modes: a live key manages both, a test key only test ones.
    /// </summary>
    public static bool CanManage(Mode own, Mode other) => own == Mode.Live || other == Mode.Test;
}
