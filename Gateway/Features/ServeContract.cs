using ArdorQr.Gateway.Contract;
using ArdorQr.ServiceDefaults.Errors;
using Scalar.AspNetCore;

namespace ArdorQr.Gateway.Features;

/// <summary>
/// GET /openapi.yaml, /openapi.json, /docs and /docs/guide/{name}, without a key: the contract, a page to read and try
/// it, and the guide. The pages bring all that they need from here; their policies let the browser ask no other host.
/// </summary>
internal static class ServeContract
{
    private const string PagePolicy =
        "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        + "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
        + "base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    /// <summary>A page of the guide: its own style, and nothing else at all.</summary>
    private const string GuidePolicy =
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static void MapServeContract(this IEndpointRouteBuilder routes)
    {
        Map(routes, "/openapi", ContractDocument.Public);
        Map(routes, "/operator/openapi", ContractDocument.Operators);
        routes.MapGet("/docs/guide/{name}", (string name, HttpContext context) =>
        {
            if (GuidePages.Find(name) is not { } page)
            {
                return CommonErrors.NotFound.ToResult();
            }

            context.Response.Headers.ContentSecurityPolicy = GuidePolicy;
            return Results.Text(page, "text/html; charset=utf-8");
        });
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
                .ExpandAllTags()
                .HideDeveloperTools()
                .HideClientButton();
        });
    }

    private static void Map(IEndpointRouteBuilder routes, string path, ContractDocument document)
    {
        routes.MapGet($"{path}.yaml", () => Results.Bytes(document.Yaml, "application/yaml; charset=utf-8"));
        routes.MapGet($"{path}.json", () => Results.Bytes(document.Json, "application/json; charset=utf-8"));
    }
}
