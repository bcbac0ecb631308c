using System.Security.Claims;
using ArdorQr.Contracts;
using ArdorQr.Sandbox.Domain;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Identity;

namespace ArdorQr.Sandbox.Features;

/// <summary>POST /v1/test/qr-codes: a fresh code to pay with a test key.</summary>
internal static class IssueQrCode
{
    private const long MaxAmountKopecks = 99_999_999_999;

    private static readonly Kopecks DefaultAmount = new(12_500);

    internal sealed record Request
    {
        public required string Kind { get; init; }

        public Kopecks? AmountMinor { get; init; }
    }

    internal sealed record Response(string Qr);

    extension(IEndpointRouteBuilder routes)
    {
        public void MapIssueQrCode() => routes.MapPost("/test/qr-codes", HandleAsync);
    }

    private static async Task<IResult> HandleAsync(
        HttpContext context, ClaimsPrincipal user, FreshCode.Draw draw, CancellationToken cancellationToken)
    {
        if (CallerIdentity.Of(user).Mode != Mode.Test)
        {
            return SandboxErrors.TestModeOnly.ToResult();
        }

        var request = await JsonBody.ReadAsync<Request>(context, cancellationToken);
        if (request.AmountMinor is { Value: < 1 or > MaxAmountKopecks })
        {
            return SandboxErrors.AmountOutOfRange(MaxAmountKopecks).ToResult();
        }

        var qr = request.Kind switch
        {
            "dynamic" => FreshCode.Dynamic(request.AmountMinor ?? DefaultAmount, draw),
            "static" => FreshCode.Static(request.AmountMinor, draw),
            "st00012" => FreshCode.Transfer(request.AmountMinor, draw),
            _ => null,
        };
        return qr is null
            ? SandboxErrors.KindUnknown.ToResult()
            : TypedResults.Json(new Response(qr), ApiJson.Options, statusCode: StatusCodes.Status201Created);
    }
}
