using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Identity;

namespace ArdorQr.Payments.Features;

/// <summary>What a key must be allowed for an endpoint here.</summary>
internal static class KeyRights
{
    private const string Pay = "pay";

    /// <summary>The caller of an endpoint that makes or moves payments.</summary>
    /// <exception cref="RejectedException">403 permission_denied.</exception>
    public static CallerIdentity PayerOf(HttpContext context) =>
        CallerIdentity.Of(context.User) is var caller && caller.Rights.Contains(Pay)
            ? caller
            : throw new RejectedException(CommonErrors.PermissionDenied);
}
