using ArdorQr.ServiceDefaults.Database;
using Npgsql;

namespace ArdorQr.ServiceDefaults.Messaging;

/// <summary>The rows of <c>messaging.inbox</c>: which consumer has already acted on which event.</summary>
internal static class Inbox
{
    /// <summary>Kept longer than any queue or dead letter can hold a message.</summary>
    public const int RetentionDays = 180;

    private const int CleanUpBatch = 10_000;

    /// <summary>Per hour: far more than come.</summary>
    private const int MaxCleanUpBatches = 1_000;

    public static async Task<bool> TryAcceptAsync(
        ServiceTransaction transaction, string consumer, Guid eventId, CancellationToken cancellationToken)
    {
        const string sql = "INSERT INTO messaging.inbox (consumer, event_id) VALUES (@consumer, @eventId) ON CONFLICT DO NOTHING";
        return await transaction.ExecuteAsync(sql, new { consumer, eventId }, cancellationToken) == 1;
    }

    public static Task AcceptAllAsync(
        ServiceTransaction transaction, string[] consumers, Guid[] eventIds, CancellationToken cancellationToken)
    {
        const string sql =
            """
            INSERT INTO messaging.inbox (consumer, event_id)
            SELECT consumer, event_id FROM unnest(@consumers, @eventIds) AS row (consumer, event_id)
            ORDER BY consumer, event_id
            ON CONFLICT DO NOTHING
            """;
        return transaction.ExecuteAsync(sql, new { consumers, eventIds }, cancellationToken);
    }

    /// <summary>Removes the rows past their retention, in batches that nobody has to wait for long.</summary>
    public static async Task CleanUpAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        const string sql =
            """
            DELETE FROM messaging.inbox
            WHERE (consumer, event_id) IN (
                SELECT consumer, event_id FROM messaging.inbox
                WHERE accepted_at < clock_timestamp() - make_interval(days => @days)
                LIMIT @limit)
            """;
        var removed = CleanUpBatch;
        for (var batch = 0; removed == CleanUpBatch && batch < MaxCleanUpBatches; batch++)
        {
            removed = await connection.ExecuteAsync(sql, new { days = RetentionDays, limit = CleanUpBatch }, cancellationToken);
        }
    }
}
