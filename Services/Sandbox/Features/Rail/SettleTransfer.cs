using ArdorQr.Sandbox.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;

namespace ArdorQr.Sandbox.Features.Rail;

/// <summary>POST /rail/v1/transfers/{id}/settle: ends a transfer that would stay in processing for ever.</summary>
internal static class SettleTransfer
{
    private const int MaxReasonLength = 64;

    internal sealed record Request
    {
        public required string Status { get; init; }

        public string? Reason { get; init; }
    }

    extension(IEndpointRouteBuilder routes)
    {
        public void MapSettleTransfer() => routes.MapPost("/transfers/{id:guid}/settle", HandleAsync);
    }

    private static async Task<IResult> HandleAsync(Guid id, HttpContext context, ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string settleSql =
            $"""
            UPDATE sandbox.rail_transfer SET settled_status = @status, settled_reason = @reason
            WHERE transfer_id = @id AND first_seen_at IS NOT NULL AND settled_status IS NULL AND amount_kopecks % 100 = @ending
            RETURNING {RailTransferRow.Columns}
            """;
        const string callbackSql = "INSERT INTO sandbox.rail_callback (transfer_id, due_at) VALUES (@id, clock_timestamp())";
        var request = await JsonBody.ReadAsync<Request>(context, cancellationToken);
        if (request.Status is not ("completed" or "failed") || (request.Status == "failed") != (request.Reason is { Length: > 0 and <= MaxReasonLength }))
        {
            return RailAnswers.Error(StatusCodes.Status422UnprocessableEntity, "status is completed, or failed with a reason");
        }

        await using var transaction = await database.BeginAsync(cancellationToken);
        var row = await transaction.QuerySingleOrDefaultAsync<RailTransferRow>(
            settleSql, new { id, status = request.Status, reason = request.Reason, ending = RailOutcome.UntilSettled }, cancellationToken);
        if (row is null)
        {
            return RailAnswers.Error(StatusCodes.Status409Conflict, "not a transfer that waits to be settled");
        }

        await transaction.ExecuteAsync(callbackSql, new { id }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return RailAnswers.Of(row);
    }
}
