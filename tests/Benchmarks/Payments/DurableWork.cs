using System.Diagnostics;
using ArdorQr.Benchmarks.Hosting;
using Npgsql;

namespace ArdorQr.Benchmarks.Payments;

/// <summary>What the servers were given to keep: commits that reached the write-ahead log, and events.</summary>
/// <param name="Commits">Transactions that wrote, of all services together; those that only read leave no record.</param>
/// <param name="Published">Events given to the broker.</param>
/// <param name="Consumed">Deliveries that a consumer has acted on: an event that two services hear counts twice.</param>
internal sealed record DurableWork(long Commits, long Published, long Consumed)
{
    public static DurableWork operator -(DurableWork left, DurableWork right) => new(
        left.Commits - right.Commits, left.Published - right.Published, left.Consumed - right.Consumed);
}

/// <summary>Counts it between two moments.</summary>
internal sealed class DurableWorkMeter(DurablePostgres postgres, HouseUnderTest house)
{
    private const string PublishedSql =
        "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('messaging.outbox', 'outbox_id')::regclass), 0)::bigint";

    private const string ConsumedSql = "SELECT count(*) FROM messaging.inbox"; // Nothing is as old as its retention.

    private string _from = "0/0";
    private long _began;
    private double _quietPerSecond;

    /// <summary>What the house commits by itself, per second: leases, timers, the auditor. Taken off from then on.</summary>
    public async Task<double> MeasureQuietAsync(int seconds, CancellationToken cancellationToken)
    {
        _quietPerSecond = 0;
        var begin = await BeginAsync(cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(seconds), cancellationToken);
        var quiet = await EndAsync(begin, cancellationToken);
        return _quietPerSecond = quiet.Commits / Stopwatch.GetElapsedTime(_began).TotalSeconds;
    }

    public async Task<DurableWork> BeginAsync(CancellationToken cancellationToken)
    {
        await postgres.ExecuteAsync("postgres", "CREATE EXTENSION IF NOT EXISTS pg_walinspect", cancellationToken);
        _from = await LsnAsync(cancellationToken);
        _began = Stopwatch.GetTimestamp();
        return await EventsAsync(0, cancellationToken);
    }

    /// <summary>Since <see cref="BeginAsync"/>, less what the idle house does in the same time by itself.</summary>
    public async Task<DurableWork> EndAsync(DurableWork begin, CancellationToken cancellationToken)
    {
        var quiet = (long)Math.Round(Stopwatch.GetElapsedTime(_began).TotalSeconds * _quietPerSecond);
        var commits = await postgres.ScalarAsync<long>("postgres",
            $"""
            SELECT coalesce(sum(count), 0)::bigint FROM pg_get_wal_stats('{_from}', '{await LsnAsync(cancellationToken)}', true)
            WHERE "resource_manager/record_type" LIKE 'Transaction/COMMIT%'
            """, cancellationToken);
        return await EventsAsync(commits - quiet, cancellationToken) - begin;
    }

    /// <summary>The time of one write of a page that reaches the disk, in the servers' folder: the median.</summary>
    public static double FdatasyncMilliseconds()
    {
        const int times = 200;
        var path = Path.Combine(BenchFolder.Path, "fdatasync.probe");
        var page = new byte[8_192];
        var taken = new List<double>(times);
        using (var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.None, FileOptions.None, page.Length))
        {
            for (var time = 0; time < times; time++)
            {
                var began = Stopwatch.GetTimestamp();
                RandomAccess.Write(file, page, 0);
                RandomAccess.FlushToDisk(file);
                taken.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }
        }

        File.Delete(path);
        return taken.Order().ElementAt(times / 2);
    }

    /// <summary>The time of a request to a service that does nothing, and of its answer: the median.</summary>
    public async Task<double> HopMillisecondsAsync(CancellationToken cancellationToken)
    {
        const int times = 300;
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{house.PaymentsPort}") };
        var taken = new List<double>(times);
        for (var time = 0; time < times; time++)
        {
            var began = Stopwatch.GetTimestamp();
            using var answer = await http.GetAsync(new Uri("/health/live", UriKind.Relative), cancellationToken);
            taken.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        return taken.Order().ElementAt(times / 2);
    }

    private Task<string> LsnAsync(CancellationToken cancellationToken) =>
        postgres.ScalarAsync<string>("postgres", "SELECT pg_current_wal_flush_lsn()::text", cancellationToken);

    private async Task<DurableWork> EventsAsync(long commits, CancellationToken cancellationToken)
    {
        var (published, consumed) = (0L, 0L);
        foreach (var database in house.Databases.Values)
        {
            var name = new NpgsqlConnectionStringBuilder(database.OwnerConnectionString).Database!;
            published += await postgres.ScalarAsync<long>(name, PublishedSql, cancellationToken);
            consumed += await postgres.ScalarAsync<long>(name, ConsumedSql, cancellationToken);
        }

        return new DurableWork(commits, published, consumed);
    }
}
