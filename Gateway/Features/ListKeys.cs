using ArdorQr.Contracts;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Database;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features;

/// <summary>GET /v1/keys: the merchant's keys, newest first; a test key sees test keys only.</summary>
internal static class ListKeys
{
    internal sealed record Response(IReadOnlyList<KeyView> Keys);

    public static void MapListKeys(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/keys", HandleAsync).WithName(nameof(ListKeys));

    private static async Task<IResult> HandleAsync(
        HttpContext context, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        var key = KnownKey.Of(context, KeyRules.Keys);
        await using var connection = await database.OpenAsync(cancellationToken);
        return Results.Ok(new Response(await KeyList.ReadAsync(
            connection, key.Merchant.Id, Mode.All.Where(mode => KeyRules.CanManage(key.Mode, mode)), cancellationToken)));
    }
}
