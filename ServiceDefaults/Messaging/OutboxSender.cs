using System.Diagnostics;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Faults;
using MassTransit;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ArdorQr.ServiceDefaults.Messaging;

/// <summary>
/// Publishes leased rows, a batch at once, and settles each: confirmed, it is removed; refused, it waits on its own; not
/// sent because the broker is away, it is free at once for whoever can send it.
/// </summary>
internal sealed partial class OutboxSender(
    NpgsqlDataSource dataSource, SentRows sentRows, IBus bus, FaultHook faults, TimeProvider time, ILogger<OutboxSender> logger)
{
    internal const string ActivitySourceName = "ArdorQr.Outbox";

    /// <summary>Published at once, and so in memory at once.</summary>
    public const int MaxBatch = 100;

    private const int PublishTimeoutSeconds = 10;

    /// <summary>How much longer what is being published may take when the service stops, and then its settlement.</summary>
    private const int LastPublishSeconds = 3;
    private const int SettleTimeoutSeconds = 5;

    private static readonly ActivitySource Activities = new(ActivitySourceName);

    /// <summary>
    /// A lease is begun anew this long after it began, well before another takes the rows: what is left of it covers
    /// the publishing's end and <see cref="SentRows"/>' interval.
    /// </summary>
    private static readonly TimeSpan KeepAfter = TimeSpan.FromMilliseconds(750);

    /// <summary>Sends rows whose lease is ours.</summary>
    /// <returns>What keeps the broker from taking any message at all; null when it took or refused some.</returns>
    public async Task<Exception?> SendAsync(IReadOnlyList<OutboxMessage> batch, CancellationToken stoppingToken)
    {
        foreach (var message in batch)
        {
            faults.Reach("outbox-committed", message.MessageType);
        }

        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(PublishTimeoutSeconds), time);
        await using var stopping = stoppingToken.Register(() => timeout.CancelAfter(TimeSpan.FromSeconds(LastPublishSeconds)));
        var publishing = Task.WhenAll(batch.Select(message => TryPublishAsync(message, timeout.Token)));
        while (await Task.WhenAny(publishing, Task.Delay(KeepAfter, time, CancellationToken.None)) != publishing)
        {
            await TryKeepAsync(batch);
        }

        return await SettleAsync(batch, await publishing);
    }

    /// <summary>Which of the rows may still be sent: those that waited for long are leased anew, if nobody has them by now.</summary>
    public async Task<IReadOnlyList<OutboxMessage>> StillOursAsync(IReadOnlyList<OutboxMessage> batch, CancellationToken cancellationToken)
    {
        if (batch.All(message => message.LeasedFor < KeepAfter))
        {
            return batch;
        }

        var ids = batch.Where(message => message.LeasedFor.TotalSeconds < Outbox.LeaseSeconds).Select(message => message.OutboxId);
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        var kept = await Outbox.KeepAsync(connection, [.. ids], cancellationToken);
        return [.. batch.Where(message => kept.Contains(message.OutboxId))];
    }

    /// <summary>Leaves rows that were not sent to the other processes.</summary>
    public async Task ReleaseAsync(IEnumerable<OutboxMessage> messages)
    {
        if (messages.Select(message => message.OutboxId).ToArray() is { Length: > 0 } ids)
        {
            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(SettleTimeoutSeconds), time);
            await using var connection = await dataSource.OpenConnectionAsync(timeout.Token);
            await Outbox.ReleaseAsync(connection, ids, timeout.Token);
        }
    }

    /// <returns>Null when the broker has confirmed it, else why it hasn't.</returns>
    private async Task<Exception?> TryPublishAsync(OutboxMessage message, CancellationToken cancellationToken)
    {
        try
        {
            var type = EventTypes.Of(message.MessageType); // Unknown, if a newer release has written it.
            using var activity = StartActivity(message);
            await bus.Publish(message.ToEvent(), type.Type, Pipe.Execute<PublishContext>(context =>
            {
                context.MessageId = message.EventId;
                if (context.TryGetPayload<RabbitMqSendContext>(out var rabbit))
                {
                    rabbit.Mandatory = type.Mandatory;
                }
            }), cancellationToken);
            faults.Reach("outbox-published", message.MessageType);
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    private async Task<Exception?> SettleAsync(IReadOnlyList<OutboxMessage> batch, Exception?[] failures)
    {
        var rows = batch.Zip(failures, (message, failure) => (Message: message, Failure: failure)).ToList();
        sentRows.Add(rows.Where(row => row.Failure is null).Select(row => row.Message.OutboxId));
        var unsent = rows.Where(row => row.Failure is not null).ToList();
        if (unsent.Count == 0)
        {
            return null;
        }

        var (first, failure) = unsent[0];
        LogUnsent(unsent.Count, batch.Count, first.MessageType, first.EventId, failure!.GetBaseException().Message);
        var (away, refused) = (unsent.Where(row => IsAway(row.Failure!)).ToList(), unsent.Where(row => !IsAway(row.Failure!)).ToList());
        try
        {
            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(SettleTimeoutSeconds), time);
            await using var connection = await dataSource.OpenConnectionAsync(timeout.Token);
            await Outbox.ReleaseAsync(connection, [.. away.Select(row => row.Message.OutboxId)], timeout.Token);
            await Outbox.PutOffAsync(connection, [.. refused.Select(row => row.Message.OutboxId)], timeout.Token);
        }
        catch (Exception exception)
        {
            LogNotSettled(unsent.Count, exception.GetBaseException().Message); // Their lease runs out.
        }

        return away.Count == batch.Count ? away[0].Failure : null;
    }

    private async Task TryKeepAsync(IReadOnlyList<OutboxMessage> batch)
    {
        try
        {
            using var timeout = new CancellationTokenSource(KeepAfter, time);
            await using var connection = await dataSource.OpenConnectionAsync(timeout.Token);
            await Outbox.KeepAsync(connection, [.. batch.Select(message => message.OutboxId)], timeout.Token);
        }
        catch (Exception exception)
        {
            LogNotKept(batch.Count, exception.GetBaseException().Message); // They may be sent twice.
        }
    }

    /// <summary>Whether the broker can't be reached or doesn't answer; else it has refused this message, or it is unreadable.</summary>
    private static bool IsAway(Exception failure) => failure.GetBaseException() switch
    {
        OperationCanceledException => true,
        RabbitMQ.Client.Exceptions.PublishException or MessageReturnedException or MessageNotAcknowledgedException => false,
        _ => Transient.Is(failure),
    };

    /// <summary>The sending belongs to the trace that made the change, whoever sends it and however late.</summary>
    private static Activity? StartActivity(OutboxMessage message) =>
        ActivityContext.TryParse(message.Traceparent, null, isRemote: true, out var parent)
            ? Activities.StartActivity("outbox send", ActivityKind.Internal, parent)
            : null;

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "{Unsent} of {Count} events were not confirmed and stay in the outbox, first {MessageType} {EventId}: {Reason}")]
    private partial void LogUnsent(int unsent, int count, string messageType, Guid eventId, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} unsent events wait for the end of their lease: {Reason}")]
    private partial void LogNotSettled(int count, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The lease of {Count} events that are being sent was not prolonged: {Reason}")]
    private partial void LogNotKept(int count, string reason);
}
