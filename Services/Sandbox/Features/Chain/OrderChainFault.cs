using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.Extensions.Options;

namespace ArdorQr.Sandbox.Features.Chain;

/// <summary>
/// POST /faucet/v1/chain-faults: the next requests to the chain fail in a way to choose, or its index stays behind for
/// some seconds. DELETE takes back what is left of all that.
/// </summary>
internal static class OrderChainFault
{
    private const string Lag = "lag";
    private const int MaxRequests = 100_000;
    private const int MaxSeconds = 3_600;

    private static readonly string[] Kinds =
        [ChainFaults.RateLimited, ChainFaults.Unavailable, ChainFaults.Cut, ChainFaults.Garbled, ChainFaults.Slow, Lag];

    internal sealed record Request
    {
        public required string Kind { get; init; }

        /// <summary>How many requests fail.</summary>
        public int Requests { get; init; } = 1;

        /// <summary>How long a slow answer takes, or the index stays behind.</summary>
        public int Seconds { get; init; } = 1;

        /// <summary>Only requests whose path ends so.</summary>
        public string? Path { get; init; }
    }

    extension(IEndpointRouteBuilder routes)
    {
        public void MapOrderChainFault()
        {
            routes.MapPost("/faucet/v1/chain-faults", HandleAsync);
            routes.MapDelete("/faucet/v1/chain-faults", ClearAsync);
        }
    }

    private static async Task<IResult> HandleAsync(
        HttpContext context, ServiceDatabase database, IOptions<SandboxOptions> options, CancellationToken cancellationToken)
    {
        if (!Bearer.Is(context.Request, options.Value.FaucetToken!))
        {
            return TypedResults.Json<object>(new { error = "unauthorized" }, statusCode: StatusCodes.Status401Unauthorized);
        }

        var request = await JsonBody.ReadAsync<Request>(context, cancellationToken);
        if (!Kinds.Contains(request.Kind) || request.Requests is < 1 or > MaxRequests
            || request.Seconds is < 1 or > MaxSeconds)
        {
            return ChainQuery.Error(
                $"kind must be one of {string.Join(", ", Kinds)}, requests 1 to {MaxRequests}, seconds 1 to {MaxSeconds}");
        }

        const string freezeSql =
            $"""
            UPDATE sandbox.chain
            SET frozen_seqno = {ChainHead.TrueSeqnoSql}, frozen_until = clock_timestamp() + make_interval(secs => @seconds)
            """;
        const string orderSql =
            """
            INSERT INTO sandbox.chain_fault (kind, path, requests, hold_seconds) VALUES (@kind, @path, @requests, @seconds)
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(
            request.Kind == Lag ? freezeSql : orderSql,
            new { kind = request.Kind, path = request.Path, requests = request.Requests, seconds = request.Seconds },
            cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<IResult> ClearAsync(
        HttpContext context, ServiceDatabase database, IOptions<SandboxOptions> options, CancellationToken cancellationToken)
    {
        const string sql =
            """
            DELETE FROM sandbox.chain_fault;
            UPDATE sandbox.chain SET frozen_seqno = NULL, frozen_until = NULL
            """;
        if (!Bearer.Is(context.Request, options.Value.FaucetToken!))
        {
            return TypedResults.Json<object>(new { error = "unauthorized" }, statusCode: StatusCodes.Status401Unauthorized);
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(sql, null, cancellationToken);
        return TypedResults.NoContent();
    }
}
