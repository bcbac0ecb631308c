using ArdorQr.Contracts;
using ArdorQr.Sandbox.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ArdorQr.Sandbox.Features.Rail;

/// <summary>POST /rail/v1/resolve: whom a code pays, how much, and whether it can be paid.</summary>
internal static class ResolveCode
{
    internal sealed record Request
    {
        public required string Qr { get; init; }
    }

    internal sealed record Response(string? Kind, CodePayee? Payee, Kopecks? AmountMinor, string State, DateTimeOffset? ExpiresAt);

    extension(IEndpointRouteBuilder routes)
    {
        public void MapResolveCode() => routes.MapPost("/resolve", HandleAsync);
    }

    private static async Task<IResult> HandleAsync(HttpContext context, ServiceDatabase database, CancellationToken cancellationToken)
    {
        var request = await JsonBody.ReadAsync<Request>(context, cancellationToken);
        if (PaymentCode.Read(request.Qr) is not { } code)
        {
            return Answer(null, null, "unknown");
        }

        var ending = code.Amount is { } amount ? RailOutcome.EndingOf(amount) : 0;
        return ending switch
        {
            RailOutcome.UnavailableAtResolve => RailAnswers.Error(StatusCodes.Status503ServiceUnavailable, "unavailable"),
            RailOutcome.AlreadyPaid => Answer(code, code.Amount, "paid"),
            RailOutcome.Expired => Answer(code, code.Amount, "expired"),
            RailOutcome.Cancelled => Answer(code, code.Amount, "cancelled"),
            RailOutcome.NotFound => Answer(null, null, "unknown"),
            RailOutcome.OtherSum => Answer(code, code.Amount + new Kopecks(RailOutcome.OtherSumKopecks), "payable"),
            _ => Answer(code, code.Amount, await IsPaidAsync(database, code, cancellationToken) ? "paid" : "payable"),
        };
    }

    private static async Task<bool> IsPaidAsync(ServiceDatabase database, PaymentCode code, CancellationToken cancellationToken)
    {
        const string sql = $"SELECT {RailTransferRow.Columns} FROM sandbox.rail_transfer WHERE code_key = @key LIMIT 100";
        if (!code.IsSingleUse)
        {
            return false;
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        return (await connection.QueryAsync<RailTransferRow>(sql, new { key = code.Key }, cancellationToken))
            .Any(row => row.Current == RailStatus.Completed);
    }

    private static JsonHttpResult<Response> Answer(PaymentCode? code, Kopecks? amount, string state) =>
        TypedResults.Json(new Response(code?.Kind, code?.Payee, amount, state, null), ApiJson.Options);
}
