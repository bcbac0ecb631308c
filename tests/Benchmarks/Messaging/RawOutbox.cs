using System.Diagnostics;
using ArdorQr.Contracts.Events;
using Npgsql;
using RabbitMQ.Client;

namespace ArdorQr.Benchmarks.Messaging;

/// <summary>
/// What the two clients can do by themselves: rows locked in batches, published all at once, removed in the same
/// transaction when the broker has confirmed them.
/// </summary>
internal sealed class RawOutbox(string database, string broker) : BenchOutbox
{
    public const int Batch = 500;
    public const string Exchange = "bench.raw";

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly NpgsqlDataSource _dataSource = NpgsqlDataSource.Create(database);
    private readonly CancellationTokenSource _stopping = new();

    private IConnection? _connection;
    private IChannel? _channel;
    private Task _sending = Task.CompletedTask;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await using (var create = _dataSource.CreateCommand(
            "CREATE TABLE raw_outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event_id uuid NOT NULL, body bytea NOT NULL)"))
        {
            await create.ExecuteNonQueryAsync(cancellationToken);
        }

        _connection = await new ConnectionFactory { Uri = new Uri(broker) }.CreateConnectionAsync(cancellationToken);
        _channel = await _connection.CreateChannelAsync(
            new CreateChannelOptions(
                publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true,
                outstandingPublisherConfirmationsRateLimiter: null), // The batch is the limit; the client's own slows down at its half.
            cancellationToken);
        _sending = SendAsync(_stopping.Token);
    }

    public override async Task<long> CommitAsync(IReadOnlyList<PaymentCompleted> messages, CancellationToken cancellationToken)
    {
        await using var insert = _dataSource.CreateCommand(
            "INSERT INTO raw_outbox (event_id, body) SELECT event_id, body FROM unnest($1, $2) AS row (event_id, body)");
        insert.Parameters.Add(new() { Value = messages.Select(message => message.EventId).ToArray() });
        insert.Parameters.Add(new() { Value = messages.Select(BenchMessage.Serialize).ToArray() });
        await insert.ExecuteNonQueryAsync(cancellationToken);
        return Stopwatch.GetTimestamp();
    }

    public override Task LeaveAsync(int count, CancellationToken cancellationToken) =>
        CommitAsync([.. Enumerable.Range(0, count).Select(_ => BenchMessage.New())], cancellationToken);

    public override async Task<long> RowsAsync(CancellationToken cancellationToken)
    {
        await using var count = _dataSource.CreateCommand("SELECT count(*) FROM raw_outbox");
        return (long)(await count.ExecuteScalarAsync(cancellationToken))!;
    }

    public override async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _sending.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }

        await _dataSource.DisposeAsync();
        _stopping.Dispose();
    }

    private async Task SendAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await SendBatchAsync(cancellationToken) < Batch)
            {
                await Task.Delay(Poll, TimeProvider.System, cancellationToken);
            }
        }
    }

    private async Task<int> SendBatchAsync(CancellationToken cancellationToken)
    {
        await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var rows = new List<(long Id, Guid EventId, byte[] Body)>(Batch);
        await using (var select = new NpgsqlCommand(
            "SELECT id, event_id, body FROM raw_outbox ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED", connection, transaction)
        { Parameters = { new() { Value = Batch } } })
        {
            await using var reader = await select.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                rows.Add((reader.GetInt64(0), reader.GetGuid(1), reader.GetFieldValue<byte[]>(2)));
            }
        }

        await Task.WhenAll(rows.Select(row => _channel!.BasicPublishAsync(
            Exchange, "", mandatory: true,
            new BasicProperties { Persistent = true, MessageId = row.EventId.ToString(), ContentType = "application/json" },
            row.Body, cancellationToken).AsTask()));
        await using var delete = new NpgsqlCommand("DELETE FROM raw_outbox WHERE id = ANY($1)", connection, transaction);
        delete.Parameters.Add(new() { Value = rows.Select(row => row.Id).ToArray() });
        await delete.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return rows.Count;
    }
}
