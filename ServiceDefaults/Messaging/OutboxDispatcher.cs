using ArdorQr.ServiceDefaults.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ArdorQr.ServiceDefaults.Messaging;

/// <summary>
/// Sends committed events: fresh ones straight from memory, and as a net the rows that were left behind (a crash, a
/// broker that was away, a message that reached no queue). A row goes only when the broker has confirmed it.
/// </summary>
internal sealed partial class OutboxDispatcher(
    NpgsqlDataSource dataSource, OutboxSignal signal, OutboxSender sender, SentRows sentRows,
    TimeProvider time, ILogger<OutboxDispatcher> logger) : BackgroundService
{
    /// <summary>With <see cref="Outbox.LeaseSeconds"/> it is how long a dead process's events wait.</summary>
    private static readonly TimeSpan RelayInterval = TimeSpan.FromMilliseconds(500);

    private static readonly Task<IReadOnlyList<OutboxMessage>> NoRows = Task.FromResult<IReadOnlyList<OutboxMessage>>([]);

    /// <summary>Sent rows are removed to the last: not before nothing is being sent any more.</summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var sent = new CancellationTokenSource();
        var removing = sentRows.RunAsync(sent.Token);
        try
        {
            await Task.WhenAll(SendFreshAsync(stoppingToken), RelayAsync(stoppingToken));
        }
        finally
        {
            await sent.CancelAsync();
            await removing;
        }
    }

    private async Task SendFreshAsync(CancellationToken stoppingToken)
    {
        var setbacks = new Setbacks(logger, "Sending fresh events");
        var batch = new List<OutboxMessage>(OutboxSender.MaxBatch);
        try
        {
            while (await signal.Fresh.WaitToReadAsync(stoppingToken))
            {
                batch.Clear();
                while (batch.Count < OutboxSender.MaxBatch && signal.Fresh.TryRead(out var message))
                {
                    batch.Add(message);
                }

                await TrySendAsync(setbacks, () => SendOursAsync(batch, stoppingToken), stoppingToken);
            }
        }
        finally
        {
            await HandOverAsync();
        }
    }

    private async Task<Exception?> SendOursAsync(IReadOnlyList<OutboxMessage> batch, CancellationToken stoppingToken) =>
        await sender.StillOursAsync(batch, stoppingToken) is { Count: > 0 } ours ? await sender.SendAsync(ours, stoppingToken) : null;

    private async Task RelayAsync(CancellationToken stoppingToken)
    {
        var setbacks = new Setbacks(logger, "The outbox relay");
        using var timer = new PeriodicTimer(RelayInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await TrySendAsync(setbacks, () => RelayDueAsync(stoppingToken), stoppingToken);
        }
    }

    /// <summary>Sends all rows that nobody else is sending; the next ones are read while some are on their way.</summary>
    private async Task<Exception?> RelayDueAsync(CancellationToken stoppingToken)
    {
        var next = LeaseAsync(stoppingToken);
        while (await next is { Count: > 0 } batch)
        {
            next = batch.Count == OutboxSender.MaxBatch ? LeaseAsync(stoppingToken) : NoRows; // Only a full one has more behind it.
            if (await SendOursAsync(batch, stoppingToken) is { } away)
            {
                await sender.ReleaseAsync(await next);
                return away;
            }
        }

        return null;
    }

    private async Task<IReadOnlyList<OutboxMessage>> LeaseAsync(CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        return await Outbox.LeaseAsync(connection, OutboxSender.MaxBatch, cancellationToken);
    }

    /// <summary>Pauses while the database or the broker is away: the rows stay, and are taken again.</summary>
    private async Task TrySendAsync(Setbacks setbacks, Func<Task<Exception?>> sendAsync, CancellationToken stoppingToken)
    {
        Exception? failure;
        try
        {
            failure = await sendAsync();
        }
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            failure = exception;
        }

        if (failure is null)
        {
            setbacks.Over();
        }
        else
        {
            await Task.Delay(setbacks.After(failure), time, stoppingToken);
        }
    }

    /// <summary>What still waits in memory at the end, the others needn't wait for.</summary>
    private async Task HandOverAsync()
    {
        var rest = new List<OutboxMessage>();
        while (rest.Count < OutboxSignal.MaxQueued && signal.Fresh.TryRead(out var message))
        {
            rest.Add(message);
        }

        try
        {
            await sender.ReleaseAsync(rest);
        }
        catch (Exception exception)
        {
            LogNotHandedOver(rest.Count, exception.GetBaseException().Message); // Their lease runs out.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} events wait for the end of their lease: {Reason}")]
    private partial void LogNotHandedOver(int count, string reason);
}
