using System.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace ArdorQr.ServiceDefaults.Http;

/// <summary>The id by which a client names a request and the platform team finds its trace.</summary>
public static class RequestId
{
    public const string HeaderName = "X-Request-Id";

    /// <summary>The trace id (32 hex digits), or the server's own id where there is no trace.</summary>
    public static string Of(HttpContext context) =>
        Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier;
}
