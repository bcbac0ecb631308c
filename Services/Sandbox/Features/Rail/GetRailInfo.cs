namespace ArdorQr.Sandbox.Features.Rail;

/// <summary>GET /rail/v1/info: which rail this is, and of which world.</summary>
internal static class GetRailInfo
{
    extension(IEndpointRouteBuilder routes)
    {
        public void MapGetRailInfo() =>
            routes.MapGet("/info", () => TypedResults.Json<object>(new { name = "sandbox", environment = "sandbox" }));
    }
}
