namespace ArdorQr.Gateway.Features;

/// <summary>
/// What browsers may do with our answers: nothing but show them. Set as the answer starts, so that errors have them too;
/// a page with a policy of its own keeps it.
/// </summary>
internal sealed class HardenResponses(RequestDelegate next)
{
    private const string OneYearOfHttps = "max-age=31536000; includeSubDomains";

    public Task InvokeAsync(HttpContext context)
    {
        context.Response.OnStarting(
            static state =>
            {
                Harden((HttpContext)state);
                return Task.CompletedTask;
            },
            context);
        return next(context);
    }

    private static void Harden(HttpContext context)
    {
        var (headers, path) = (context.Response.Headers, context.Request.Path);
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        if (headers.ContentSecurityPolicy.Count == 0)
        {
            headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
        }

        if (path.StartsWithSegments("/v1") || path.StartsWithSegments("/operator"))
        {
            headers.CacheControl = "no-store";
        }

        if (context.Request.IsHttps)
        {
            headers.StrictTransportSecurity = OneYearOfHttps;
        }
    }
}
