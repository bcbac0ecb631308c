using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Webhooks.Database;

/// <summary>Pauses and resumes what an endpoint has yet to receive.</summary>
internal static class DeliveryPauses
{
    /// <param name="transaction">Holds the endpoint's row alone.</param>
    /// <param name="merchantId">The endpoint's.</param>
    /// <param name="mode">The endpoint's.</param>
    /// <param name="paused">What all its pending deliveries are from now on.</param>
    /// <param name="cancellationToken">Stops the statement.</param>
    public static Task<int> SetAsync(
        ServiceTransaction transaction, Guid merchantId, Mode mode, bool paused, CancellationToken cancellationToken)
    {
        const string pauseSql =
            """
            UPDATE webhooks.delivery SET paused = true
            WHERE merchant_id = @merchantId AND mode = @mode AND status = 'pending' AND NOT paused
            """;
        const string resumeSql =
            """
            UPDATE webhooks.delivery SET paused = false
            WHERE merchant_id = @merchantId AND mode = @mode AND status = 'pending' AND paused
            """;
        return transaction.ExecuteAsync(paused ? pauseSql : resumeSql, new { merchantId, mode }, cancellationToken);
    }
}
