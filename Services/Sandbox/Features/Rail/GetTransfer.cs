using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Sandbox.Features.Rail;

/// <summary>GET /rail/v1/transfers/{id}: the transfer's status, or 404 for an id that was never seen.</summary>
internal static class GetTransfer
{
    extension(IEndpointRouteBuilder routes)
    {
        public void MapGetTransfer() => routes.MapGet("/transfers/{id:guid}", HandleAsync);
    }

    private static async Task<IResult> HandleAsync(Guid id, ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql = $"SELECT {RailTransferRow.Columns} FROM sandbox.rail_transfer WHERE transfer_id = @id";
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<RailTransferRow>(sql, new { id }, cancellationToken) is { } row
            ? RailAnswers.Of(row)
            : RailAnswers.Error(StatusCodes.Status404NotFound, "never seen");
    }
}
