using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Sandbox.Features.Rail;

/// <summary>POST /rail/v1/transfers/{id}/cancel: makes an id that was never seen dead for ever; tells the status of a seen one.</summary>
internal static class CancelTransfer
{
    extension(IEndpointRouteBuilder routes)
    {
        public void MapCancelTransfer() => routes.MapPost("/transfers/{id:guid}/cancel", HandleAsync);
    }

    private static async Task<IResult> HandleAsync(Guid id, ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string cancelSql =
            """
            INSERT INTO sandbox.rail_transfer (transfer_id, cancelled_at) VALUES (@id, clock_timestamp())
            ON CONFLICT (transfer_id) DO NOTHING
            """;
        const string readSql = $"SELECT {RailTransferRow.Columns} FROM sandbox.rail_transfer WHERE transfer_id = @id";
        await using var connection = await database.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(cancelSql, new { id }, cancellationToken);
        return RailAnswers.Of(await connection.QuerySingleAsync<RailTransferRow>(readSql, new { id }, cancellationToken));
    }
}
