using System.Collections.Concurrent;
using ArdorQr.Contracts;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Identity;

namespace ArdorQr.Gateway.Database;

/// <summary>A key and its merchant as they were at one version of the database; kept in memory and never changed.</summary>
internal sealed class KnownKey(
    CallerIdentity caller, KeyGrant grant, MerchantRow merchant, byte[] hash, DateTimeOffset? revokedAt)
{
    public CallerIdentity Caller { get; } = caller;

    public KeyGrant Grant { get; } = grant;

    public Mode Mode => Caller.Mode;

    public MerchantRow Merchant { get; } = merchant;

    public bool IsRevoked { get; } = revokedAt is not null;

    /// <summary>Headers with caller tokens made for this key, by audience; they go with it when it changes.</summary>
    public ConcurrentDictionary<string, (string Header, DateTimeOffset Until)> Tokens { get; } = new(1, 1);

    public bool IsKey(ApiKey key) => key.Matches(hash);

    /// <summary>The key of a request that passed the check.</summary>
    public static KnownKey Of(HttpContext context) =>
        context.Features.Get<KnownKey>() ?? throw new RejectedException(CommonErrors.Unauthorized);

    /// <summary>The key of a request that passed the check and needs this right.</summary>
    public static KnownKey Of(HttpContext context, string right) =>
        Of(context) is var key && key.Caller.Rights.Contains(right)
            ? key
            : throw new RejectedException(CommonErrors.PermissionDenied);
}
