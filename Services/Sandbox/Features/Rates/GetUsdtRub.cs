using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace ArdorQr.Sandbox.Features.Rates;

/// <summary>GET /rates/v1/usdt-rub: the sandbox's price of one USDT in roubles; it says that it is a sandbox's.</summary>
internal static class GetUsdtRub
{
    internal sealed record Response(string Pair, decimal Bid, DateTimeOffset At, string Environment);

    extension(IEndpointRouteBuilder routes)
    {
        public void MapGetUsdtRub() => routes.MapGet("/rates/v1/usdt-rub", Handle);
    }

    private static JsonHttpResult<Response> Handle(IOptions<SandboxOptions> options, TimeProvider time) =>
        TypedResults.Json(new Response("USDT/RUB", options.Value.UsdtRubBid, time.GetUtcNow(), "sandbox"), ApiJson.Options);
}
