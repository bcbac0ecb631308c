using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Errors;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>The operator of a request that passed the check.</summary>
/// <param name="Name">As the audit log names it.</param>
/// <param name="Roles">Of <see cref="OperatorRoles"/>.</param>
/// <param name="Token">With which the request came.</param>
internal sealed record OperatorIdentity(string Name, IReadOnlyList<string> Roles, string Token)
{
    public static OperatorIdentity Of(HttpContext context) =>
        context.Features.Get<OperatorIdentity>() ?? throw new RejectedException(GatewayErrors.OperatorUnauthorized);
}

/// <summary>The role that a route needs. One without needs none to look, and an admin for all else.</summary>
internal sealed record NeededRole(string Role)
{
    public static string Of(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<NeededRole>()?.Role
        ?? (HttpMethods.IsGet(context.Request.Method) ? OperatorRoles.Viewer : OperatorRoles.Admin);
}

internal static class NeededRoleRoutes
{
    public static TBuilder Needs<TBuilder>(this TBuilder route, string role)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new NeededRole(role));
}
