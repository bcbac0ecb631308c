using System.Globalization;
using System.Security.Claims;
using ArdorQr.Contracts;

namespace ArdorQr.ServiceDefaults.Identity;

/// <summary>On whose behalf a merchant's request runs, as the Gateway established it from the API key.</summary>
/// <param name="MerchantId">The merchant.</param>
/// <param name="MerchantNumber">The merchant's number, 1..2³¹−1.</param>
/// <param name="Mode">The key's mode: the only world the request may touch.</param>
/// <param name="KeyId">The API key.</param>
/// <param name="Rights">What the key may do: read, pay, keys, webhooks.</param>
public sealed record CallerIdentity(
    Guid MerchantId, long MerchantNumber, Mode Mode, Guid KeyId, IReadOnlyList<string> Rights)
{
    /// <summary>What the key's payments may come to.</summary>
    public PaymentLimits Limits { get; init; } = PaymentLimits.None;

    internal const string NumberClaim = "number";
    internal const string ModeClaim = "mode";
    internal const string KeyClaim = "key";
    internal const string RightsClaim = "rights";
    internal const string SubjectClaim = "sub";

    /// <summary>The caller of an endpoint that requires one.</summary>
    public static CallerIdentity Of(ClaimsPrincipal user) => new(
        Guid.Parse(user.FindFirstValue(SubjectClaim)!),
        long.Parse(user.FindFirstValue(NumberClaim)!, CultureInfo.InvariantCulture),
        Mode.Parse(user.FindFirstValue(ModeClaim)),
        Guid.Parse(user.FindFirstValue(KeyClaim)!),
        user.FindFirstValue(RightsClaim)!.Split(' ', StringSplitOptions.RemoveEmptyEntries))
    {
        Limits = PaymentLimits.Of(
            user.FindFirstValue(PaymentLimits.MaxClaim), user.FindFirstValue(PaymentLimits.BudgetsClaim)),
    };

    internal Dictionary<string, object> ToClaims()
    {
        var claims = new Dictionary<string, object>
        {
            [SubjectClaim] = MerchantId.ToString(),
            [NumberClaim] = MerchantNumber.ToString(CultureInfo.InvariantCulture),
            [ModeClaim] = Mode.Code,
            [KeyClaim] = KeyId.ToString(),
            [RightsClaim] = string.Join(' ', Rights),
        };
        Limits.AddTo(claims);
        return claims;
    }
}
