using System.Globalization;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Errors;

namespace ArdorQr.Gateway.Features;

/// <summary>How a client learns of its limit: RateLimit-* (draft-ietf-httpapi-ratelimit-headers) and Retry-After.</summary>
internal static class RateHeaders
{
    private const string Limit = "RateLimit-Limit";
    private const string Remaining = "RateLimit-Remaining";
    private const string Reset = "RateLimit-Reset";
    private const string Policy = "RateLimit-Policy";

    public static void Show(HttpContext context, SlidingCount.Verdict verdict, RateRule rule)
    {
        var headers = context.Response.Headers;
        headers[Limit] = rule.Limit;
        headers[Remaining] = verdict.Remaining.ToString(CultureInfo.InvariantCulture);
        headers[Reset] = verdict.ResetSeconds.ToString(CultureInfo.InvariantCulture);
        headers[Policy] = rule.Policy;
    }

    public static Task RefuseAsync(HttpContext context, SlidingCount.Verdict verdict, RateRule rule)
    {
        Show(context, verdict, rule);
        return WaitAsync(context, verdict.RetryAfterSeconds);
    }

    public static Task WaitAsync(HttpContext context, int seconds) =>
        (CommonErrors.RateLimited with { RetryAfterSeconds = seconds }).WriteAsync(context);
}
