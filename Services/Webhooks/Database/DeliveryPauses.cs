using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Webhooks.Database;

/// <summary>
/// Pauses and resumes what an endpoint has yet to receive. A claim asks the endpoint itself; the mark on a delivery
/// keeps what is paused out of the claims' index, so a long queue may be marked piece by piece, after the change.
/// </summary>
internal static class DeliveryPauses
{
    /// <summary>So many are marked in one transaction.</summary>
    public const int MaxBatch = 1_000;

    /// <summary>Marks one batch, and notes at the endpoint whether there may be more.</summary>
    /// <param name="transaction">Holds the endpoint's row alone.</param>
    /// <param name="merchantId">The endpoint's.</param>
    /// <param name="mode">The endpoint's.</param>
    /// <param name="paused">What all its pending deliveries are to be.</param>
    /// <param name="cancellationToken">Stops the statements.</param>
    public static async Task SetAsync(
        ServiceTransaction transaction, Guid merchantId, Mode mode, bool paused, CancellationToken cancellationToken)
    {
        const string pauseSql =
            """
            UPDATE webhooks.delivery SET paused = true
            WHERE id IN (
                SELECT id FROM webhooks.delivery
                WHERE merchant_id = @merchantId AND mode = @mode AND status = 'pending' AND NOT paused
                LIMIT @limit
                FOR UPDATE)
            """;
        const string resumeSql =
            """
            UPDATE webhooks.delivery SET paused = false
            WHERE id IN (
                SELECT id FROM webhooks.delivery
                WHERE merchant_id = @merchantId AND mode = @mode AND status = 'pending' AND paused
                LIMIT @limit
                FOR UPDATE)
            """;
        const string noteSql =
            """
            UPDATE webhooks.endpoint SET pauses_unfinished = @unfinished
            WHERE merchant_id = @merchantId AND mode = @mode AND pauses_unfinished <> @unfinished
            """;
        var marked = await transaction.ExecuteAsync(
            paused ? pauseSql : resumeSql, new { merchantId, mode, limit = MaxBatch }, cancellationToken);
        await transaction.ExecuteAsync(
            noteSql, new { merchantId, mode, unfinished = marked == MaxBatch }, cancellationToken);
    }
}
