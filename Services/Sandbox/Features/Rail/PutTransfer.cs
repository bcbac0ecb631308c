using System.Text;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Sandbox.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.Extensions.Options;

namespace ArdorQr.Sandbox.Features.Rail;

/// <summary>
/// PUT /rail/v1/transfers/{id}: pays once per id. The same id with the same body is the same transfer; with another it
/// is 409. An id first seen after its notAfter is refused, and one that was cancelled stays so.
/// </summary>
internal static class PutTransfer
{
    private const string NulEscape = "\\u0000"; // jsonb can't hold it.

    internal sealed record Request
    {
        public required string Qr { get; init; }

        public string? Kind { get; init; }

        public JsonElement? Payee { get; init; }

        public required Kopecks AmountMinor { get; init; }

        public required string Currency { get; init; }

        public required DateTimeOffset NotAfter { get; init; }
    }

    private abstract record Outcome
    {
        internal sealed record Known(RailTransferRow Row, bool IsFirstSight) : Outcome;
        internal sealed record OtherBody : Outcome;
        internal sealed record TooLate : Outcome;
        internal sealed record TurnedAway : Outcome;
        internal sealed record Lost : Outcome;
    }

    extension(IEndpointRouteBuilder routes)
    {
        public void MapPutTransfer() => routes.MapPut("/transfers/{id:guid}", HandleAsync);
    }

    private static async Task<IResult> HandleAsync(
        Guid id, HttpContext context, ServiceDatabase database, SendCallbacks callbacks, IOptions<SandboxOptions> options,
        TimeProvider time, CancellationToken cancellationToken)
    {
        var bytes = await JsonBody.ReadBytesAsync(context, cancellationToken);
        var request = JsonBody.Parse<Request>(bytes) ?? throw new RejectedException(CommonErrors.BadJson);
        var body = Encoding.UTF8.GetString(bytes);
        if (body.Contains(NulEscape, StringComparison.Ordinal))
        {
            return RailAnswers.Error(StatusCodes.Status422UnprocessableEntity, "a text has a NUL character");
        }

        if (request.AmountMinor <= Kopecks.Zero || request.Currency != "RUB")
        {
            return RailAnswers.Error(StatusCodes.Status422UnprocessableEntity, "amountMinor must be positive and currency RUB");
        }

        return await ExecuteAsync(database, id, request, body, cancellationToken) switch
        {
            Outcome.Known known => await AnswerAsync(known, callbacks, options.Value, time, cancellationToken),
            Outcome.OtherBody => RailAnswers.Error(StatusCodes.Status409Conflict, "this id has another body"),
            Outcome.TooLate => RailAnswers.Error(StatusCodes.Status422UnprocessableEntity, "first seen after notAfter"),
            Outcome.TurnedAway => RailAnswers.Error(StatusCodes.Status503ServiceUnavailable, "unavailable"),
            Outcome.Lost => await HoldAsync(options.Value, time, cancellationToken),
            var outcome => throw new System.Diagnostics.UnreachableException($"{outcome}"),
        };
    }

    private static async Task<Outcome> ExecuteAsync(
        ServiceDatabase database, Guid id, Request request, string body, CancellationToken cancellationToken)
    {
        const string isLateSql = "SELECT @notAfter < clock_timestamp()";
        var ending = RailOutcome.EndingOf(request.AmountMinor);
        await using var transaction = await database.BeginAsync(cancellationToken);
        if (await FindAsync(transaction, id, body, cancellationToken) is { } found)
        {
            return found;
        }

        if (await transaction.QuerySingleAsync<bool>(isLateSql, new { notAfter = request.NotAfter }, cancellationToken))
        {
            return new Outcome.TooLate();
        }

        if (ending == RailOutcome.NeverArrives)
        {
            return new Outcome.Lost();
        }

        if (ending == RailOutcome.UnavailableAtFirst && await IsTurnedAwayAsync(transaction, id, cancellationToken))
        {
            await transaction.CommitAsync(cancellationToken);
            return new Outcome.TurnedAway();
        }

        if (await InsertAsync(transaction, id, request, body, ending, cancellationToken) is { } row)
        {
            await transaction.CommitAsync(cancellationToken);
            return new Outcome.Known(row, IsFirstSight: true);
        }

        // Another submission or a cancellation of the same id was faster.
        return await FindAsync(transaction, id, body, cancellationToken) ?? throw new InvalidOperationException("A transfer vanished.");
    }

    private static async Task<Outcome?> FindAsync(ServiceTransaction transaction, Guid id, string body, CancellationToken cancellationToken)
    {
        const string sql = $"SELECT {RailTransferRow.Columns} FROM sandbox.rail_transfer WHERE transfer_id = @id";
        const string sameSql = "SELECT request IS NULL OR request = @body::jsonb FROM sandbox.rail_transfer WHERE transfer_id = @id";
        if (await transaction.QuerySingleOrDefaultAsync<RailTransferRow>(sql, new { id }, cancellationToken) is not { } row)
        {
            return null;
        }

        return await transaction.QuerySingleAsync<bool>(sameSql, new { id, body }, cancellationToken)
            ? new Outcome.Known(row, IsFirstSight: false)
            : new Outcome.OtherBody();
    }

    private static async Task<bool> IsTurnedAwayAsync(ServiceTransaction transaction, Guid id, CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO sandbox.rail_refusal AS refusal (transfer_id, refusals) VALUES (@id, 1)
            ON CONFLICT (transfer_id) DO UPDATE SET refusals = refusal.refusals + 1
            RETURNING refusals
            """;
        return await transaction.QuerySingleAsync<int>(sql, new { id }, cancellationToken) <= RailOutcome.Refusals;
    }

    private static async Task<RailTransferRow?> InsertAsync(
        ServiceTransaction transaction, Guid id, Request request, string body, int ending, CancellationToken cancellationToken)
    {
        const string insertSql =
            $"""
            INSERT INTO sandbox.rail_transfer (transfer_id, request, code_key, amount_kopecks, first_seen_at)
            VALUES (@id, @body::jsonb, @codeKey, @amount, clock_timestamp())
            ON CONFLICT (transfer_id) DO NOTHING
            RETURNING {RailTransferRow.Columns}
            """;
        const string callbackSql =
            """
            INSERT INTO sandbox.rail_callback (transfer_id, due_at)
            VALUES (@id, clock_timestamp() + make_interval(secs => @seconds))
            """;
        var row = await transaction.QuerySingleOrDefaultAsync<RailTransferRow>(insertSql, new
        {
            id,
            body,
            codeKey = PaymentCode.Read(request.Qr)?.Key,
            amount = request.AmountMinor,
        }, cancellationToken);
        if (row is not null && ending != RailOutcome.CallbacksBeforeAnswer && RailOutcome.FinalAfter(ending) is { } final)
        {
            await transaction.ExecuteAsync(callbackSql, new { id, seconds = final.TotalMilliseconds / 1_000 }, cancellationToken);
        }

        return row;
    }

    private static async Task<IResult> AnswerAsync(
        Outcome.Known known, SendCallbacks callbacks, SandboxOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        if (known is not { IsFirstSight: true, Row.AmountKopecks: { } amount })
        {
            return RailAnswers.Of(known.Row);
        }

        switch (RailOutcome.EndingOf(amount))
        {
            case RailOutcome.TimesOutThoughAccepted:
                return await HoldAsync(options, time, cancellationToken);
            case RailOutcome.GarbledAnswer:
                return TypedResults.Text("{\"status\":\"comple", "application/json");
            case RailOutcome.CallbacksBeforeAnswer:
                await callbacks.SendAsync(known.Row.TransferId, RailStatus.Completed, cancellationToken);
                await callbacks.SendAsync(known.Row.TransferId, RailStatus.Completed, cancellationToken);
                return RailAnswers.Of(known.Row with { ReadAt = known.Row.FirstSeenAt!.Value });
            default:
                return RailAnswers.Of(known.Row);
        }
    }

    /// <summary>Says nothing for longer than a client waits.</summary>
    private static async Task<IResult> HoldAsync(SandboxOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        await Task.Delay(TimeSpan.FromSeconds(options.HoldSeconds), time, cancellationToken);
        return RailAnswers.Error(StatusCodes.Status504GatewayTimeout, "no answer in time");
    }
}
