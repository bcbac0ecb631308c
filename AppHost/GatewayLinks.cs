using Aspire.Hosting.ApplicationModel;

namespace ArdorQr.AppHost;

/// <summary>Where people look first, as links of the gateway in the dashboard.</summary>
internal static class GatewayLinks
{
    public static IResourceBuilder<ProjectResource> WithLinks(this IResourceBuilder<ProjectResource> gateway)
    {
        var (open, inner) = (gateway.GetEndpoint("http"), gateway.GetEndpoint("operator"));
        return gateway
            .WithIconName("Router")
            .WithUrlForEndpoint("http", url => url.DisplayText = "Public API")
            .WithUrlForEndpoint("operator", url => url.DisplayText = "Operator API")
            .WithUrl(ReferenceExpression.Create($"{open}/docs/"), "API docs")
            .WithUrl(ReferenceExpression.Create($"{open}/docs/guide/scenario"), "Guide (Russian)")
            .WithUrl(ReferenceExpression.Create($"{open}/openapi.yaml"), "OpenAPI")
            .WithUrl(ReferenceExpression.Create($"{inner}/operator/openapi.yaml"), "Operator OpenAPI (needs a token)");
    }
}
