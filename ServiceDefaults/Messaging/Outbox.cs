using ArdorQr.ServiceDefaults.Database;
using Dapper;
using Npgsql;

namespace ArdorQr.ServiceDefaults.Messaging;

/// <summary>The rows of <c>messaging.outbox</c>: written with the change, leased to one sender, removed on confirm.</summary>
internal static class Outbox
{
    /// <summary>
    /// How long the committing process has to send from memory, and to remove the row, before the relay takes it.
    /// </summary>
    public const int FreshLeaseSeconds = 5;

    /// <summary>How long a relay has to send a batch before another may take it.</summary>
    public const int RelayLeaseSeconds = 30;

    /// <summary>Writes the rows and returns them with their keys; run by the transaction, right before its end.</summary>
    public static NpgsqlBatchCommand InsertCommand(List<OutboxMessage> messages) =>
        new(
            """
            INSERT INTO messaging.outbox (event_id, message_type, body, traceparent, leased_until)
            SELECT event_id, message_type, body, traceparent, clock_timestamp() + make_interval(secs => @lease)
            FROM unnest(@eventIds, @types, @bodies, @traces) AS row (event_id, message_type, body, traceparent)
            RETURNING outbox_id, event_id
            """)
        {
            Parameters =
            {
                new NpgsqlParameter<Guid[]>("eventIds", [.. messages.Select(message => message.EventId)]),
                new NpgsqlParameter<string[]>("types", [.. messages.Select(message => message.MessageType)]),
                new NpgsqlParameter<string[]>("bodies", [.. messages.Select(message => message.Body)]),
                new NpgsqlParameter<string?[]>("traces", [.. messages.Select(message => message.Traceparent)]),
                new NpgsqlParameter<double>("lease", FreshLeaseSeconds),
            },
        };

    /// <summary>Gives the messages the keys that <see cref="InsertCommand"/> returns.</summary>
    public static async Task TakeKeysAsync(
        List<OutboxMessage> messages, NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var ids = new Dictionary<Guid, long>(messages.Count);
        while (await reader.ReadAsync(cancellationToken))
        {
            ids[reader.GetGuid(1)] = reader.GetInt64(0);
        }

        for (var index = 0; index < messages.Count; index++)
        {
            messages[index] = messages[index] with { OutboxId = ids[messages[index].EventId] };
        }
    }

    /// <summary>Takes rows that nobody is sending, oldest first; other relays skip them.</summary>
    public static async Task<IReadOnlyList<OutboxMessage>> LeaseAsync(
        NpgsqlConnection connection, int limit, CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE messaging.outbox
            SET leased_until = clock_timestamp() + make_interval(secs => @lease), attempts = attempts + 1
            WHERE outbox_id IN (
                SELECT outbox_id FROM messaging.outbox
                WHERE leased_until < clock_timestamp()
                ORDER BY outbox_id
                LIMIT @limit
                FOR UPDATE SKIP LOCKED)
            RETURNING outbox_id, event_id, message_type, body, traceparent, attempts
            """;
        var rows = await connection.QueryAsync<Row>(sql, new { limit, lease = RelayLeaseSeconds }, cancellationToken);
        return [.. rows.OrderBy(row => row.OutboxId).Select(row =>
            new OutboxMessage(row.EventId, row.MessageType, row.Body, row.Traceparent) { OutboxId = row.OutboxId, Attempts = row.Attempts })];
    }

    public static Task RemoveAsync(NpgsqlConnection connection, long[] ids, CancellationToken cancellationToken) =>
        connection.ExecuteAsync("DELETE FROM messaging.outbox WHERE outbox_id = ANY(@ids)", new { ids }, cancellationToken);

    /// <summary>Leaves the rows to the relay after a pause, in place of the rest of their lease.</summary>
    public static Task ReleaseAsync(NpgsqlConnection connection, long[] ids, int pauseSeconds, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(
            "UPDATE messaging.outbox SET leased_until = clock_timestamp() + make_interval(secs => @pauseSeconds) WHERE outbox_id = ANY(@ids)",
            new { ids, pauseSeconds }, cancellationToken);

    private sealed record Row
    {
        public long OutboxId { get; init; }
        public Guid EventId { get; init; }
        public string MessageType { get; init; } = "";
        public string Body { get; init; } = "";
        public string? Traceparent { get; init; }
        public int Attempts { get; init; }
    }
}
