using ArdorQr.ServiceDefaults.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ArdorQr.ServiceDefaults.Messaging;

/// <summary>
/// Removes the rows that the broker has confirmed, many in one commit. What a crash leaves behind is sent twice, which
/// every consumer bears.
/// </summary>
internal sealed class SentRows(NpgsqlDataSource dataSource, TimeProvider time, ILogger<SentRows> logger)
{
    private const int MaxBatch = 1_000;
    private const int MaxWaiting = 100_000;
    private const int LastRemovalSeconds = 5;

    /// <summary>Well within <see cref="Outbox.FreshLeaseSeconds"/>, so that no relay sends these rows again.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly List<long> _ids = [];

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
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await RemoveAsync(stoppingToken);
                    setbacks.Over();
                }
                catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
                {
                    await Task.Delay(setbacks.After(exception), time, stoppingToken); // They stay in the list.
                }
            }
        }
        finally
        {
            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(LastRemovalSeconds), time);
            await RemoveAsync(timeout.Token);
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

    private long[] First()
    {
        lock (_lock)
        {
            return [.. _ids.Take(MaxBatch)];
        }
    }
}
