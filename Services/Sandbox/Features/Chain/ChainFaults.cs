using ArdorQr.ServiceDefaults.Database;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ArdorQr.Sandbox.Features.Chain;

/// <summary>Lets requests to the chain fail when somebody ordered that: see <see cref="OrderChainFault"/>.</summary>
internal static class ChainFaults
{
    public const string RateLimited = "rate_limited";
    public const string Unavailable = "unavailable";
    public const string Cut = "cut";
    public const string Garbled = "garbled";
    public const string Slow = "slow";

    private const string HalfAnAnswer = "{\"jetton_transfers\": [{\"query_id\": \"2";

    private sealed record Order(string Kind, int HoldSeconds);

    /// <summary>Answers the request by the oldest fault that is ordered for it, or lets it through.</summary>
    public static async ValueTask<object?> FilterAsync(
        EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        var database = context.RequestServices.GetRequiredService<ServiceDatabase>();
        if (await TakeAsync(database, context.Request.Path, context.RequestAborted) is not { } order)
        {
            return await next(invocation);
        }

        switch (order.Kind)
        {
            case Slow:
                await Task.Delay(TimeSpan.FromSeconds(order.HoldSeconds), context.RequestAborted);
                return await next(invocation);
            case Garbled:
                return TypedResults.Text(HalfAnAnswer, "application/json");
            case Cut:
                context.Response.ContentLength = HalfAnAnswer.Length * 2;
                await context.Response.WriteAsync(HalfAnAnswer, context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
                context.Abort();
                return Results.Empty;
            case RateLimited:
                context.Response.Headers.RetryAfter = "1";
                return Refusal(StatusCodes.Status429TooManyRequests, "rate limit exceeded");
            default:
                return Refusal(StatusCodes.Status503ServiceUnavailable, "service unavailable");
        }
    }

    private static JsonHttpResult<object> Refusal(int status, string error) =>
        TypedResults.Json<object>(new { error }, statusCode: status);

    private static async Task<Order?> TakeAsync(
        ServiceDatabase database, string path, CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE sandbox.chain_fault SET requests = requests - 1
            WHERE fault_id = (
                SELECT fault_id FROM sandbox.chain_fault
                WHERE requests > 0 AND (path IS NULL OR @path LIKE '%' || path)
                ORDER BY fault_id
                LIMIT 1
                FOR UPDATE)
            RETURNING kind, hold_seconds
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Order>(sql, new { path }, cancellationToken);
    }
}
