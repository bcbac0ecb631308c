using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Webhooks.Features;

/// <summary>GET /internal/endpoints/{merchantId}/{mode}: what GET /v1/account shows of webhooks.</summary>
internal static class ReadEndpoint
{
    internal sealed record Response
    {
        public string? WebhookUrl { get; init; }
        public bool WebhookEnabled { get; init; }
    }

    extension(IEndpointRouteBuilder routes)
    {
        public void MapReadEndpoint() =>
            routes.MapGet("/endpoints/{merchantId:guid}/{mode}", HandleAsync).WithName(nameof(ReadEndpoint));
    }

    private static async Task<IResult> HandleAsync(
        Guid merchantId, string mode, [FromServices] ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT url AS webhook_url, enabled AS webhook_enabled
            FROM webhooks.endpoint WHERE merchant_id = @merchantId AND mode = @mode
            """;
        if (Mode.TryParse(mode) is null)
        {
            return CommonErrors.NotFound.ToResult();
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        return TypedResults.Ok(
            await connection.QuerySingleOrDefaultAsync<Response>(
                sql, new { merchantId, mode }, cancellationToken) ?? new Response());
    }
}
