using ArdorQr.Contracts.Events;
using ArdorQr.Deposits.Database;
using ArdorQr.Deposits.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Deposits.Features;

/// <summary>
/// POST /internal/deposits/{id}/decide: an operator's word on a deposit that was received and is held: it is credited at
/// the next look, or never. A refused one can be credited later; a credited one stays so.
/// </summary>
internal sealed partial class DecideDeposit(ServiceDatabase database, ILogger<DecideDeposit> logger)
{
    private const int MaxTextLength = 500;

    internal sealed record Request
    {
        /// <summary><c>credit</c> or <c>refuse</c>.</summary>
        public required string Decision { get; init; }

        public required string Reason { get; init; }

        /// <summary>Who decides, for the record.</summary>
        public string Operator { get; init; } = "operator";
    }

    public async Task<IResult> HandleAsync(Guid depositId, Request request, CancellationToken cancellationToken)
    {
        if (request.Decision is not (DepositRow.Credit or DepositRow.Refuse))
        {
            return CommonErrors.ValidationFailed("decision", "decision — credit или refuse.").ToResult();
        }

        if (request.Reason is not { Length: > 0 and <= MaxTextLength }
            || request.Operator is not { Length: > 0 and <= MaxTextLength })
        {
            return CommonErrors.ValidationFailed("reason", $"reason — от 1 до {MaxTextLength} символов.").ToResult();
        }

        await using var transaction = await database.BeginAsync(cancellationToken);
        if (await LockAsync(transaction, depositId, cancellationToken) is not { } row)
        {
            return CommonErrors.NotFound.ToResult();
        }

        if (row.Decision != request.Decision)
        {
            if (row.HoldReason is null or Hold.Rate)
            {
                return DepositErrors.NotHeld.ToResult();
            }

            await WriteAsync(transaction, row, request, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            LogDecided(depositId, request.Decision, row.HoldReason);
        }

        return Results.Ok(await HeldDeposits.FindAsync(database, depositId, cancellationToken));
    }

    private static Task<DepositRow?> LockAsync(
        ServiceTransaction transaction, Guid depositId, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            SELECT {DepositRow.Columns} FROM deposits.deposit
            WHERE deposit_id = @depositId AND receiver_lt IS NOT NULL
            FOR UPDATE
            """;
        return transaction.QuerySingleOrDefaultAsync<DepositRow>(sql, new { depositId }, cancellationToken);
    }

    private static async Task WriteAsync(
        ServiceTransaction transaction, DepositRow row, Request request, CancellationToken cancellationToken)
    {
        const string decideSql =
            """
            UPDATE deposits.deposit
            SET decision = @decision, decision_reason = @reason, decided_by = @by, decided_at = clock_timestamp(),
                check_at = CASE WHEN @decision = 'credit' THEN clock_timestamp() ELSE 'infinity' END
            WHERE deposit_id = @depositId
            """;
        const string failSql =
            """
            UPDATE deposits.deposit
            SET status = 'failed', failure_reason = @failure, failed_event_id = coalesce(failed_event_id, @eventId),
                failed_at = coalesce(failed_at, clock_timestamp())
            WHERE deposit_id = @depositId AND status = 'pending'
            RETURNING failed_event_id, failed_at
            """;
        await transaction.ExecuteAsync(decideSql, new
        {
            depositId = row.DepositId,
            decision = request.Decision,
            reason = request.Reason,
            by = request.Operator,
        }, cancellationToken);
        if (request.Decision == DepositRow.Refuse && row.Status == DepositRow.Pending)
        {
            var parameters = new
            {
                depositId = row.DepositId,
                failure = Receipt.RefusedByOperator,
                eventId = DepositEvents.FailedId(row.DepositId),
            };
            var (eventId, failedAt) = await transaction.QuerySingleAsync<(Guid, DateTimeOffset)>(
                failSql, parameters, cancellationToken);
            transaction.Enqueue(new DepositFailed
            {
                EventId = eventId,
                CreatedAt = failedAt,
                MerchantId = row.MerchantId,
                Mode = row.Mode,
                DepositId = row.DepositId,
                Reason = Receipt.RefusedByOperator,
            });
        }
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "An operator decided on deposit {DepositId}: {Decision}; it was held by {HoldReason}")]
    private partial void LogDecided(Guid depositId, string decision, string holdReason);
}

/// <summary>The route of <see cref="DecideDeposit"/>.</summary>
internal static class DecideDepositRoute
{
    public static void MapDecideDeposit(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/deposits/{id}/decide", HandleAsync).WithName(nameof(DecideDeposit));

    private static async Task<IResult> HandleAsync(
        string id, HttpContext context, [FromServices] DecideDeposit feature, CancellationToken cancellationToken) =>
        await feature.HandleAsync(
            ListQuery.Id(id), await JsonBody.ReadAsync<DecideDeposit.Request>(context, cancellationToken),
            cancellationToken);
}
