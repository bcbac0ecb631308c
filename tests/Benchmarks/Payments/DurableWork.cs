using System.Diagnostics;
using ArdorQr.Benchmarks.Hosting;
using Npgsql;

namespace ArdorQr.Benchmarks.Payments;

/// <summary>What the servers were given to keep: commits that reached the write-ahead log, and events.</summary>
/// <param name="CommitsOf">By service: transactions that wrote; those that only read leave no record.</param>
/// <param name="Published">Events given to the broker.</param>
/// <param name="Consumed">Deliveries that a consumer has acted on: an event that two services hear counts twice.</param>
internal sealed record DurableWork(IReadOnlyDictionary<string, double> CommitsOf, long Published, long Consumed)
{
    /// <summary>Milliseconds of processor time, by service and server; nothing is taken off for the idle house.</summary>
    public required IReadOnlyDictionary<string, double> MillisecondsOf { get; init; }

    /// <summary>Bytes of the write-ahead log, images of whole pages included, of all databases.</summary>
    public required double WalBytes { get; init; }

    /// <summary>Bytes by which each database has grown, indexes included.</summary>
    public required IReadOnlyDictionary<string, double> DiskBytesOf { get; init; }

    /// <summary>Of all services together.</summary>
    public double Commits => CommitsOf.Values.Sum();
}

/// <summary>Counts it between two moments.</summary>
internal sealed class DurableWorkMeter(DurablePostgres postgres, DurableRabbit rabbit, HouseUnderTest house)
{
    private const string PublishedSql =
        "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('messaging.outbox', 'outbox_id')::regclass), 0)::bigint";

    private const string ConsumedSql = "SELECT count(*) FROM messaging.inbox"; // Nothing is as old as its retention.

    private string _from = "0/0";
    private long _began;
    private (long Published, long Consumed) _before;
    private IReadOnlyDictionary<string, double> _millisecondsBefore = new Dictionary<string, double>();
    private IReadOnlyDictionary<string, double> _sizesBefore = new Dictionary<string, double>();
    private IReadOnlyDictionary<string, double> _quietPerSecond = new Dictionary<string, double>();

    /// <summary>What the house commits by itself, per second: leases, timers, the auditor. Taken off from then on.</summary>
    public async Task<double> MeasureQuietAsync(int seconds, CancellationToken cancellationToken)
    {
        await BeginAsync(cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(seconds), cancellationToken);
        var quiet = await EndAsync(cancellationToken);
        var elapsed = Stopwatch.GetElapsedTime(_began).TotalSeconds;
        _quietPerSecond = quiet.CommitsOf.ToDictionary(of => of.Key, of => of.Value / elapsed);
        return quiet.Commits / elapsed;
    }

    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        await postgres.ExecuteAsync("postgres", "CREATE EXTENSION IF NOT EXISTS pg_walinspect", cancellationToken);
        _before = await EventsAsync(cancellationToken);
        _sizesBefore = await SizesAsync(cancellationToken);
        _from = await LsnAsync(cancellationToken);
        _millisecondsBefore = Milliseconds();
        _began = Stopwatch.GetTimestamp();
    }

    /// <summary>Since <see cref="BeginAsync"/>, less what the idle house does in the same time by itself.</summary>
    public async Task<DurableWork> EndAsync(CancellationToken cancellationToken)
    {
        var seconds = Stopwatch.GetElapsedTime(_began).TotalSeconds;
        var (milliseconds, until) = (Milliseconds(), await LsnAsync(cancellationToken)); // Before our own reading costs.
        var commits = await CommitsAsync(until, cancellationToken);
        var sizes = await SizesAsync(cancellationToken);
        var (published, consumed) = await EventsAsync(cancellationToken);
        return new DurableWork(
            house.Databases.Keys.ToDictionary(service => service, service =>
                commits.GetValueOrDefault(DatabaseOf(service)) - (seconds * _quietPerSecond.GetValueOrDefault(service))),
            published - _before.Published, consumed - _before.Consumed)
        {
            MillisecondsOf = Less(milliseconds, _millisecondsBefore),
            WalBytes = await postgres.ScalarAsync<double>(
                "postgres", $"SELECT pg_wal_lsn_diff('{until}', '{_from}')::float8", cancellationToken),
            DiskBytesOf = Less(sizes, _sizesBefore),
        };
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

    private static Dictionary<string, double> Less(
        IReadOnlyDictionary<string, double> now, IReadOnlyDictionary<string, double> before) =>
        now.ToDictionary(of => of.Key, of => of.Value - before[of.Key]);

    private Dictionary<string, double> Milliseconds()
    {
        var of = house.ProcessorTimes.ToDictionary(time => time.Key, time => time.Value.TotalMilliseconds);
        of["postgresql"] = postgres.ProcessorTime.TotalMilliseconds;
        of["rabbitmq"] = rabbit.ProcessorTime.TotalMilliseconds;
        return of;
    }

    private async Task<IReadOnlyDictionary<string, double>> SizesAsync(CancellationToken cancellationToken)
    {
        var sizes = new Dictionary<string, double>();
        foreach (var service in house.Databases.Keys)
        {
            sizes[service] = await postgres.ScalarAsync<double>(
                "postgres", $"SELECT pg_database_size('{DatabaseOf(service)}')::float8", cancellationToken);
        }

        return sizes;
    }

    private Task<string> LsnAsync(CancellationToken cancellationToken) =>
        postgres.ScalarAsync<string>("postgres", "SELECT pg_current_wal_flush_lsn()::text", cancellationToken);

    private string DatabaseOf(string service) =>
        new NpgsqlConnectionStringBuilder(house.Databases[service].OwnerConnectionString).Database!;

    /// <summary>A commit's record doesn't say in which database it was; the changes before it do.</summary>
    private async Task<Dictionary<string, long>> CommitsAsync(string until, CancellationToken cancellationToken)
    {
        var sql =
            $"""
            SELECT datname::text, count(*) FROM (
                SELECT max(substring(block_ref FROM 'rel [0-9]+/([0-9]+)/')::bigint) AS database
                FROM pg_get_wal_records_info('{_from}', '{until}') WHERE xid <> '0'
                GROUP BY xid HAVING bool_or(resource_manager = 'Transaction' AND record_type LIKE 'COMMIT%')) AS written
            JOIN pg_database ON oid = database::oid
            GROUP BY datname
            """;
        await using var connection = new NpgsqlConnection(postgres.ConnectionString("postgres"));
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var commits = new Dictionary<string, long>();
        while (await reader.ReadAsync(cancellationToken))
        {
            commits[reader.GetString(0)] = reader.GetInt64(1);
        }

        return commits;
    }

    private async Task<(long Published, long Consumed)> EventsAsync(CancellationToken cancellationToken)
    {
        var (published, consumed) = (0L, 0L);
        foreach (var service in house.Databases.Keys)
        {
            published += await postgres.ScalarAsync<long>(DatabaseOf(service), PublishedSql, cancellationToken);
            consumed += await postgres.ScalarAsync<long>(DatabaseOf(service), ConsumedSql, cancellationToken);
        }

        return (published, consumed);
    }
}
