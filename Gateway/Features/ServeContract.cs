using ArdorQr.Gateway.Contract;
using Scalar.AspNetCore;

namespace ArdorQr.Gateway.Features;

/// <summary>
/// GET /openapi.yaml, /openapi.json and /docs, without a key: the contract, and a page to read and try it. The page
/// brings all that it needs from here; its policy lets the browser ask no other host.
/// </summary>
internal static class ServeContract
{
    private const string PagePolicy =
        "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        + "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
        + "base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    public static void MapServeContract(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/openapi.yaml", () => Results.Bytes(ContractDocument.Yaml, "application/yaml; charset=utf-8"));
        routes.MapGet("/openapi.json", () => Results.Bytes(ContractDocument.Json, "application/json; charset=utf-8"));
        routes.MapScalarApiReference("/docs", (options, context) =>
        {
            context.Response.Headers.ContentSecurityPolicy = PagePolicy;
            options
                .WithTitle("ArdorQR API")
                .WithOpenApiRoutePattern("/openapi.json")
                .DisableDefaultFonts()
                .DisableTelemetry()
                .DisableAgent()
                .DisableMcp()
                .HideClientButton();
        });
    }
}
