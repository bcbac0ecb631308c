using System.Diagnostics;
using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Webhooks.Database;

/// <summary>An event to be stored: its body is fixed here for ever.</summary>
internal sealed record NewEvent(
    Guid EventId, Guid MerchantId, Mode Mode, string Type, DateTimeOffset CreatedAt, byte[] Body);

/// <summary>Stores events and the deliveries that hand them over, due at once.</summary>
internal static class NewDelivery
{
    /// <summary>False if the event is there already.</summary>
    public static async Task<bool> TryAddEventAsync(
        ServiceTransaction transaction, NewEvent stored, CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO webhooks.event (event_id, merchant_id, mode, type, body, created_at)
            VALUES (@EventId, @MerchantId, @Mode, @Type, @Body, @CreatedAt)
            ON CONFLICT DO NOTHING
            """;
        return await transaction.ExecuteAsync(sql, stored, cancellationToken) == 1;
    }

    /// <summary>
    /// Adds a delivery that belongs to the trace of this moment; false if the event's body is past its retention.
    /// </summary>
    /// <param name="transaction">Holds the endpoint's lock.</param>
    /// <param name="id">The delivery's.</param>
    /// <param name="eventId">A stored event.</param>
    /// <param name="isActive">What the lock returned; a delivery without a receiver waits, paused.</param>
    /// <param name="redeliveryOf">The delivery that is repeated; null for an event's own.</param>
    /// <param name="cancellationToken">Stops the statement.</param>
    public static async Task<bool> AddAsync(
        ServiceTransaction transaction, Guid id, Guid eventId, bool isActive, Guid? redeliveryOf,
        CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO webhooks.delivery (id, event_id, merchant_id, mode, paused, redelivery_of, traceparent)
            SELECT @id, event_id, merchant_id, mode, @paused, @redeliveryOf, @traceparent
            FROM webhooks.event WHERE event_id = @eventId AND body IS NOT NULL
            FOR KEY SHARE
            """;
        return await transaction.ExecuteAsync(
            sql, new { id, eventId, paused = !isActive, redeliveryOf, traceparent = Activity.Current?.Id },
            cancellationToken) == 1;
    }

    /// <summary>
    /// Adds many at once: the endpoint's row, which attempts are recorded under, is held for one statement and not for
    /// hundreds. What is past its retention is left out.
    /// </summary>
    /// <param name="transaction">Holds the endpoint's lock.</param>
    /// <param name="repeated">Stored events, each with the delivery that is repeated.</param>
    /// <param name="isActive">What the lock returned; a delivery without a receiver waits, paused.</param>
    /// <param name="time">For the new ids.</param>
    /// <param name="cancellationToken">Stops the statement.</param>
    public static Task<int> AddAllAsync(
        ServiceTransaction transaction, IReadOnlyCollection<(Guid EventId, Guid DeliveryId)> repeated, bool isActive,
        TimeProvider time, CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO webhooks.delivery (id, event_id, merchant_id, mode, paused, redelivery_of, traceparent)
            SELECT fresh.id, event_id, merchant_id, mode, @paused, fresh.redelivery_of, @traceparent
            FROM unnest(@ids, @events, @redeliveries) AS fresh (id, event_id, redelivery_of)
            JOIN webhooks.event USING (event_id)
            WHERE body IS NOT NULL
            FOR KEY SHARE OF event
            """;
        var now = time.GetUtcNow();
        return transaction.ExecuteAsync(
            sql, new
            {
                ids = repeated.Select(_ => Guid.CreateVersion7(now)).ToArray(),
                events = repeated.Select(delivery => delivery.EventId).ToArray(),
                redeliveries = repeated.Select(delivery => delivery.DeliveryId).ToArray(),
                paused = !isActive,
                traceparent = Activity.Current?.Id,
            }, cancellationToken);
    }

    /// <summary>
    /// Adds an event's own delivery under this process's lease, if fewer than <paramref name="share"/> of its endpoint
    /// are due before it, leased ones among them; else it is added as any other, and the answer is false.
    /// </summary>
    /// <param name="transaction">Holds the endpoint's lock, and has stored the event.</param>
    /// <param name="claim">What its attempt needs; <see cref="ClaimedDelivery.Epoch"/> is 1.</param>
    /// <param name="share">At least 1.</param>
    /// <param name="cancellationToken">Stops the statement.</param>
    public static Task<bool> AddClaimedAsync(
        ServiceTransaction transaction, ClaimedDelivery claim, int share, CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO webhooks.delivery (
                id, event_id, merchant_id, mode, paused, traceparent, leased_until, epoch)
            SELECT @Id, @EventId, @MerchantId, @Mode, false, @Traceparent,
                CASE WHEN earlier.count < @share THEN clock_timestamp() + make_interval(secs => @lease) END,
                CASE WHEN earlier.count < @share THEN @Epoch ELSE 0 END
            FROM (
                SELECT count(*) FROM (
                    SELECT FROM webhooks.delivery
                    WHERE merchant_id = @MerchantId AND mode = @Mode AND status = 'pending' AND NOT paused
                      AND next_attempt_at <= now()
                    LIMIT @share) AS due) AS earlier
            RETURNING leased_until IS NOT NULL
            """;
        return transaction.QuerySingleAsync<bool>(
            sql, new
            {
                claim.Id,
                claim.EventId,
                claim.MerchantId,
                claim.Mode,
                claim.Traceparent,
                claim.Epoch,
                share,
                lease = DeliveryClaims.LeaseSeconds,
            }, cancellationToken);
    }
}
