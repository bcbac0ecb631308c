using System.Security.Claims;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Identity;

namespace ArdorQr.Webhooks.Features;

/// <summary>The right without which a key may only look at webhooks.</summary>
internal static class WebhookRights
{
    private const string Right = "webhooks";

    /// <exception cref="RejectedException">403 permission_denied.</exception>
    public static CallerIdentity Require(ClaimsPrincipal user)
    {
        var caller = CallerIdentity.Of(user);
        return caller.Rights.Contains(Right) ? caller : throw new RejectedException(CommonErrors.PermissionDenied);
    }
}
