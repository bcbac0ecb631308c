using System.Diagnostics;
using ArdorQr.ServiceDefaults.Faults;
using ArdorQr.ServiceDefaults.Hosting;
using MassTransit;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ArdorQr.ServiceDefaults.Messaging;

/// <summary>
/// Sends committed events: fresh ones straight from memory, and as a net the rows that were left behind (a crash, a
/// broker that was away, a message that reached no queue). A row goes only when the broker has confirmed it.
/// </summary>
internal sealed partial class OutboxDispatcher(
    NpgsqlDataSource dataSource, OutboxSignal signal, SentRows sentRows, IBus bus, FaultHook faults,
    TimeProvider time, ILogger<OutboxDispatcher> logger) : BackgroundService
{
    internal const string ActivitySourceName = "ArdorQr.Outbox";

    private const int MaxBatch = 100;
    private const int PublishTimeoutSeconds = 10;
    private const int MaxPauseSeconds = 30;

    private static readonly TimeSpan RelayInterval = TimeSpan.FromSeconds(1);
    private static readonly ActivitySource Activities = new(ActivitySourceName);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(SendFreshAsync(stoppingToken), RelayAsync(stoppingToken), sentRows.RunAsync(stoppingToken));

    private async Task SendFreshAsync(CancellationToken stoppingToken)
    {
        var batch = new List<OutboxMessage>(MaxBatch);
        while (await signal.Fresh.WaitToReadAsync(stoppingToken))
        {
            while (batch.Count < MaxBatch && signal.Fresh.TryRead(out var message))
            {
                batch.Add(message);
            }

            await SendAsync(batch, stoppingToken);
            batch.Clear();
        }
    }

    private async Task RelayAsync(CancellationToken stoppingToken)
    {
        var setbacks = new Setbacks(logger, "The outbox relay");
        using var timer = new PeriodicTimer(RelayInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                while (await RelayBatchAsync(stoppingToken) == MaxBatch)
                {
                    // A full batch means that more may wait: go on without a pause.
                }

                setbacks.Over();
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                await Task.Delay(setbacks.After(exception), time, stoppingToken); // The rows stay.
            }
        }
    }

    private async Task<int> RelayBatchAsync(CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        var batch = await Outbox.LeaseAsync(connection, MaxBatch, cancellationToken);
        await connection.CloseAsync();
        return await SendAsync(batch, cancellationToken) == batch.Count ? batch.Count : 0;
    }

    private async Task<int> SendAsync(IReadOnlyList<OutboxMessage> batch, CancellationToken cancellationToken)
    {
        if (batch.Count == 0)
        {
            return 0;
        }

        try
        {
            foreach (var message in batch)
            {
                faults.Reach("outbox-committed", message.MessageType);
            }

            var confirmed = await Task.WhenAll(batch.Select(message => TryPublishAsync(message, cancellationToken)));
            var sent = batch.Where((_, index) => confirmed[index]).Select(message => message.OutboxId).ToArray();
            var unsent = batch.Where((_, index) => !confirmed[index]).ToList();
            sentRows.Add(sent);
            if (unsent.Count > 0)
            {
                var pause = unsent.Max(message => Math.Min(1 << Math.Min(message.Attempts, 5), MaxPauseSeconds));
                await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
                await Outbox.ReleaseAsync(connection, [.. unsent.Select(message => message.OutboxId)], pause, cancellationToken);
            }

            return sent.Length;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogBatchFailed(batch.Count, exception); // The leases run out, and the relay sends the rows again.
            return 0;
        }
    }

    private async Task<bool> TryPublishAsync(OutboxMessage message, CancellationToken cancellationToken)
    {
        var type = EventTypes.Of(message.MessageType);
        using var activity = StartActivity(message);
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(PublishTimeoutSeconds), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await bus.Publish(message.ToEvent(), type.Type, Pipe.Execute<PublishContext>(context =>
            {
                context.MessageId = message.EventId;
                if (context.TryGetPayload<RabbitMqSendContext>(out var rabbit))
                {
                    rabbit.Mandatory = type.Mandatory;
                }
            }), either.Token);
            faults.Reach("outbox-published", message.MessageType);
            return true;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogPublishFailed(message.MessageType, message.EventId, exception.GetBaseException().Message);
            return false;
        }
    }

    /// <summary>The sending belongs to the trace that made the change, whoever sends it and however late.</summary>
    private static Activity? StartActivity(OutboxMessage message) =>
        ActivityContext.TryParse(message.Traceparent, null, isRemote: true, out var parent)
            ? Activities.StartActivity("outbox send", ActivityKind.Internal, parent)
            : null;

    [LoggerMessage(Level = LogLevel.Error, Message = "Outbox batch of {Count} failed; the rows stay and are taken again")]
    private partial void LogBatchFailed(int count, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{MessageType} {EventId} was not confirmed and stays in the outbox: {Reason}")]
    private partial void LogPublishFailed(string messageType, Guid eventId, string reason);
}
