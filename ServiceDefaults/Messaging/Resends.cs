using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.ServiceDefaults.Messaging;

/// <summary>The rows of <c>messaging.resend</c>: events that wait for an answer, each with its due time.</summary>
internal static class Resends
{
    /// <summary>The first wait for an answer; it doubles on each resend up to <see cref="LongestWaitSeconds"/>.</summary>
    public const int FirstWaitSeconds = 10;
    public const int LongestWaitSeconds = 600;

    private const int MaxDoublings = 6;

    public static Task AddAsync(
        ServiceTransaction transaction, string answerKey, OutboxMessage message, CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO messaging.resend (answer_key, event_id, message_type, body, traceparent, due_at)
            VALUES (@answerKey, @EventId, @MessageType, @Body, @Traceparent, clock_timestamp() + make_interval(secs => @wait))
            ON CONFLICT (answer_key) DO NOTHING
            """;
        return transaction.ExecuteAsync(sql, new
        {
            answerKey,
            message.EventId,
            message.MessageType,
            message.Body,
            message.Traceparent,
            wait = FirstWaitSeconds,
        }, cancellationToken);
    }

    public static Task RemoveAsync(ServiceTransaction transaction, string answerKey, CancellationToken cancellationToken) =>
        transaction.ExecuteAsync("DELETE FROM messaging.resend WHERE answer_key = @answerKey", new { answerKey }, cancellationToken);

    /// <summary>Moves overdue events into the outbox again, each at its next due time; returns how many.</summary>
    public static Task<int> RequeueDueAsync(ServiceTransaction transaction, int limit, CancellationToken cancellationToken)
    {
        const string sql =
            """
            WITH due AS (
                SELECT answer_key FROM messaging.resend
                WHERE due_at < clock_timestamp()
                ORDER BY due_at
                LIMIT @limit
                FOR UPDATE SKIP LOCKED),
            taken AS (
                UPDATE messaging.resend AS waiting
                SET attempts = attempts + 1,
                    due_at = clock_timestamp() + make_interval(secs =>
                        least(@longest, @first * power(2, least(waiting.attempts + 1, @maxDoublings))))
                FROM due WHERE waiting.answer_key = due.answer_key
                RETURNING waiting.event_id, waiting.message_type, waiting.body, waiting.traceparent)
            INSERT INTO messaging.outbox (event_id, message_type, body, traceparent, leased_until)
            SELECT event_id, message_type, body, traceparent, clock_timestamp() FROM taken
            """;
        return transaction.ExecuteAsync(
            sql, new { limit, first = FirstWaitSeconds, longest = LongestWaitSeconds, maxDoublings = MaxDoublings }, cancellationToken);
    }
}
