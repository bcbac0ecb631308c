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

    /// <summary>
    /// Marks one batch, notes at the endpoint whether there is more, and returns how many it marked. What an attempt is
    /// being recorded for is left for later: that transaction holds several deliveries, and one that waits for another
    /// while it is waited for would be ended by the database.
    /// </summary>
    /// <param name="transaction">Holds the endpoint's row alone.</param>
    /// <param name="merchantId">The endpoint's.</param>
    /// <param name="mode">The endpoint's.</param>
    /// <param name="paused">What all its pending deliveries are to be.</param>
    /// <param name="cancellationToken">Stops the statements.</param>
    public static async Task<int> SetAsync(
        ServiceTransaction transaction, Guid merchantId, Mode mode, bool paused, CancellationToken cancellationToken)
    {
        const string pauseSql =
            """
            UPDATE webhooks.delivery SET paused = true
            WHERE id IN (
                SELECT id FROM webhooks.delivery
                WHERE merchant_id = @merchantId AND mode = @mode AND status = 'pending' AND NOT paused
                LIMIT @limit
                FOR UPDATE SKIP LOCKED)
            """;
        const string resumeSql =
            """
            UPDATE webhooks.delivery SET paused = false
            WHERE id IN (
                SELECT id FROM webhooks.delivery
                WHERE merchant_id = @merchantId AND mode = @mode AND status = 'pending' AND paused
                LIMIT @limit
                FOR UPDATE SKIP LOCKED)
            """;
        const string leftToPauseSql =
            """
            SELECT EXISTS (
                SELECT FROM webhooks.delivery
                WHERE merchant_id = @merchantId AND mode = @mode AND status = 'pending' AND NOT paused)
            """;
        const string leftToResumeSql =
            """
            SELECT EXISTS (
                SELECT FROM webhooks.delivery
                WHERE merchant_id = @merchantId AND mode = @mode AND status = 'pending' AND paused)
            """;
        const string noteSql =
            """
            UPDATE webhooks.endpoint SET pauses_unfinished = @unfinished
            WHERE merchant_id = @merchantId AND mode = @mode AND pauses_unfinished <> @unfinished
            """;
        var marked = await transaction.ExecuteAsync(
            paused ? pauseSql : resumeSql, new { merchantId, mode, limit = MaxBatch }, cancellationToken);
        var unfinished = await transaction.QuerySingleAsync<bool>(
            paused ? leftToPauseSql : leftToResumeSql, new { merchantId, mode }, cancellationToken);
        await transaction.ExecuteAsync(noteSql, new { merchantId, mode, unfinished }, cancellationToken);
        return marked;
    }
}
