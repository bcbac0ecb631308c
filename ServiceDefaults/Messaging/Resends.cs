using ArdorQr.ServiceDefaults.Database;
using Npgsql;

namespace ArdorQr.ServiceDefaults.Messaging;

/// <summary>The rows of <c>messaging.resend</c>: events that wait for an answer, each with its due time.</summary>
internal static class Resends
{
    /// <summary>The first wait for an answer; it doubles on each resend up to <see cref="LongestWaitSeconds"/>.</summary>
    public const int FirstWaitSeconds = 10;
    public const int LongestWaitSeconds = 600;

    private const int MaxDoublings = 6;

    /// <summary>Makes the event wait for its answer; run by the transaction, right before its end.</summary>
    public static NpgsqlBatchCommand AddCommand(string answerKey, OutboxMessage message) =>
        new(
            """
            INSERT INTO messaging.resend (answer_key, event_id, message_type, body, traceparent, due_at)
            VALUES (@answerKey, @eventId, @messageType, @body, @traceparent, clock_timestamp() + make_interval(secs => @wait))
            ON CONFLICT (answer_key) DO NOTHING
            """)
        {
            Parameters =
            {
                new NpgsqlParameter<string>("answerKey", answerKey),
                new NpgsqlParameter<Guid>("eventId", message.EventId),
                new NpgsqlParameter<string>("messageType", message.MessageType),
                new NpgsqlParameter<string>("body", message.Body),
                new NpgsqlParameter<string?>("traceparent", message.Traceparent),
                new NpgsqlParameter<double>("wait", FirstWaitSeconds),
            },
        };

    public static Task RemoveAsync(ServiceTransaction transaction, string[] answerKeys, CancellationToken cancellationToken) =>
        transaction.ExecuteAsync(
            "DELETE FROM messaging.resend WHERE answer_key = ANY(@answerKeys)", new { answerKeys }, cancellationToken);

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
