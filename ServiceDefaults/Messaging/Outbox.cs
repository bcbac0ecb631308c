using System.Diagnostics;
using ArdorQr.ServiceDefaults.Database;
using Dapper;
using Npgsql;

namespace ArdorQr.ServiceDefaults.Messaging;

/// <summary>The rows of <c>messaging.outbox</c>: written with the change, leased to one sender, removed on confirm.</summary>
internal static class Outbox
{
    /// <summary>
    /// How long a row is its sender's alone: the committing process's at first, then a relay's. With a relay's interval
    /// it is what a dead process delays its events by. Who sends for longer keeps its rows by <see cref="KeepAsync"/>.
    /// </summary>
    public const int LeaseSeconds = 4;

    /// <summary>The longest wait of a row that was refused: it doubles with each attempt up to there.</summary>
    private const int LongestWaitSeconds = 30;
    private const int MaxDoublings = 5;

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
                new NpgsqlParameter<double>("lease", LeaseSeconds),
            },
        };

    /// <summary>Gives the messages the keys that <see cref="InsertCommand"/> returns.</summary>
    /// <param name="messages">In the order in which they were written.</param>
    /// <param name="leasedAt">When the command was sent, by this process's monotonic clock.</param>
    /// <param name="reader">Its rows.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task TakeKeysAsync(
        List<OutboxMessage> messages, long leasedAt, NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var ids = new Dictionary<Guid, Queue<long>>(messages.Count); // An event may be there more than once.
        while (await reader.ReadAsync(cancellationToken))
        {
            var (id, eventId) = (reader.GetInt64(0), reader.GetGuid(1));
            if (!ids.TryAdd(eventId, new Queue<long>([id])))
            {
                ids[eventId].Enqueue(id);
            }
        }

        for (var index = 0; index < messages.Count; index++)
        {
            messages[index] = messages[index] with { OutboxId = ids[messages[index].EventId].Dequeue(), LeasedAt = leasedAt };
        }
    }

    /// <summary>
    /// Takes rows that nobody is sending; other relays skip them. Those that have waited longest come first: a row that
    /// was refused goes to the back of the queue, and however many there are, others come by.
    /// </summary>
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
                ORDER BY leased_until
                LIMIT @limit
                FOR UPDATE SKIP LOCKED)
            RETURNING outbox_id, event_id, message_type, body, traceparent
            """;
        var rows = await connection.QueryAsync<Row>(sql, new { limit, lease = LeaseSeconds }, cancellationToken);
        var leasedAt = Stopwatch.GetTimestamp();
        return [.. rows.OrderBy(row => row.OutboxId).Select(row =>
            new OutboxMessage(row.EventId, row.MessageType, row.Body, row.Traceparent) { OutboxId = row.OutboxId, LeasedAt = leasedAt })];
    }

    /// <summary>Begins the lease of rows anew; returns those whose lease had not run out.</summary>
    public static async Task<IReadOnlySet<long>> KeepAsync(
        NpgsqlConnection connection, long[] ids, CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE messaging.outbox SET leased_until = clock_timestamp() + make_interval(secs => @lease)
            WHERE outbox_id = ANY(@ids) AND leased_until > clock_timestamp()
            RETURNING outbox_id
            """;
        return (await connection.QueryAsync<long>(sql, new { ids, lease = LeaseSeconds }, cancellationToken)).ToHashSet();
    }

    public static Task RemoveAsync(NpgsqlConnection connection, long[] ids, CancellationToken cancellationToken) =>
        connection.ExecuteAsync("DELETE FROM messaging.outbox WHERE outbox_id = ANY(@ids)", new { ids }, cancellationToken);

    /// <summary>Leaves rows to any relay at once.</summary>
    public static Task ReleaseAsync(NpgsqlConnection connection, long[] ids, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(
            "UPDATE messaging.outbox SET leased_until = clock_timestamp() WHERE outbox_id = ANY(@ids)", new { ids }, cancellationToken);

    /// <summary>Leaves rows that were refused to any relay, each after a wait that grows with its own attempts.</summary>
    public static Task PutOffAsync(NpgsqlConnection connection, long[] ids, CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE messaging.outbox
            SET leased_until = clock_timestamp() + make_interval(secs => least(@longest, power(2, least(attempts, @doublings))))
            WHERE outbox_id = ANY(@ids)
            """;
        return connection.ExecuteAsync(sql, new { ids, longest = LongestWaitSeconds, doublings = MaxDoublings }, cancellationToken);
    }

    private sealed record Row
    {
        public long OutboxId { get; init; }
        public Guid EventId { get; init; }
        public string MessageType { get; init; } = "";
        public string Body { get; init; } = "";
        public string? Traceparent { get; init; }
    }
}
