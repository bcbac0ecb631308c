using ArdorQr.ServiceDefaults.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ArdorQr.ServiceDefaults.Messaging;

/// <summary>
/// Removes the rows that the broker has confirmed, many in one commit. What a crash leaves behind is sent twice, which
/// every consumer bears.
/// </summary>
internal sealed partial class SentRows(NpgsqlDataSource dataSource, TimeProvider time, ILogger<SentRows> logger)
{
    private const int MaxBatch = 1_000;
    private const int MaxWaiting = 100_000;
    private const int LastRemovalSeconds = 5;

    /// <summary>
    /// Less than a batch waits so long for more: well within <see cref="Outbox.LeaseSeconds"/>, so that no relay sends
    /// these rows again.
    /// </summary>
    private const int MaxRounds = 8;

    /// <summary>How often it is looked whether a whole batch waits.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();
    private readonly List<long> _ids = [];

    /// <summary>These rows' events are confirmed.</summary>
    public void Add(IEnumerable<long> ids)
    {
        lock (_lock)
        {
            _ids.AddRange(ids.Take(MaxWaiting - _ids.Count)); // Others are sent twice and removed then.
        }
    }

    /// <summary>Removes in rounds until the service stops, and then the rest.</summary>
    public async Task RunAsync(CancellationToken stoppingToken)
    {
        var setbacks = new Setbacks(logger, "Removing sent events");
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            var rounds = 0;
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                if (++rounds < MaxRounds && Waiting < MaxBatch)
                {
                    continue;
                }

                try
                {
                    await RemoveAsync(stoppingToken);
                    rounds = 0;
                    setbacks.Over();
                }
                catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
                {
                    await Task.Delay(setbacks.After(exception), time, stoppingToken); // They stay in the list.
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await RemoveLastAsync();
        }
    }

    private async Task RemoveLastAsync()
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(LastRemovalSeconds), time);
        try
        {
            await RemoveAsync(timeout.Token);
        }
        catch (Exception exception)
        {
            LogNotRemoved(Waiting, exception.GetBaseException().Message);
        }
    }

    private async Task RemoveAsync(CancellationToken cancellationToken)
    {
        while (First() is { Length: > 0 } ids)
        {
            await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
            await Outbox.RemoveAsync(connection, ids, cancellationToken);
            lock (_lock)
            {
                _ids.RemoveRange(0, ids.Length); // Others only add at the end.
            }
        }
    }

    private int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _ids.Count;
            }
        }
    }

    private long[] First()
    {
        lock (_lock)
        {
            return [.. _ids.Take(MaxBatch)];
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} sent events could not be removed and will be sent twice: {Reason}")]
    private partial void LogNotRemoved(int count, string reason);
}
