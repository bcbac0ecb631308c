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

    /// <summary>
    /// The one permission that a request under <c>/v1</c> needs. Its house may ask for it again: what is new there is
    /// never open by omission, as whatever changes something needs <c>pay</c> unless it is said otherwise here.
    /// </summary>
    public static string RightFor(string method, PathString path) =>
        path.StartsWithSegments("/v1/keys") ? Keys
        : HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method) ? Read
        : path.StartsWithSegments("/v1/webhooks") ? Webhooks
        : IsPreview(path) ? Read
        : Pay;

    private static bool IsPreview(PathString path) =>
        path.StartsWithSegments("/v1/payments") && path.Value!.EndsWith("/preview", StringComparison.OrdinalIgnoreCase);
}
