using System.Diagnostics;
using System.Globalization;
using ArdorQr.Benchmarks.Hosting;
using ArdorQr.Benchmarks.Load;

namespace ArdorQr.Benchmarks.Ledger;

/// <summary>Ledger's debits against pgbench on the same server, in turns.</summary>
internal sealed class LedgerBench
{
    private const int HttpConnections = 64;
    private const int PgbenchClients = 16;
    private const int BatchSize = 500;
    private const int LatencySeconds = 6;
    private const int WarmUpSeconds = 15;
    private const string PeerDatabase = "peer";

    private const string HttpSpread = "Ledger, HTTP debit, spread";
    private const string HttpHot = "Ledger, HTTP debit, hot";
    private const string EngineSpread = "Ledger's engine in process, spread";
    private const string EngineHot = "Ledger's engine in process, hot";
    private const string TransferSpread = "pgbench, a transfer each, spread";
    private const string TransferHot = "pgbench, a transfer each, hot";
    private const string BatchSpread = "pgbench, sets of 500, spread";
    private const string BatchHot = "pgbench, sets of 500, hot";

    private readonly BenchOptions _options;
    private readonly DurablePostgres _postgres;
    private readonly LedgerUnderTest _ledger;
    private readonly Figures _rates = new("debits per second");

    private LedgerBench(BenchOptions options, DurablePostgres postgres, LedgerUnderTest ledger) =>
        (_options, _postgres, _ledger) = (options, postgres, ledger);

    public static async Task RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        await using var postgres = await DurablePostgres.StartAsync(cancellationToken);
        PrintScripts();
        await postgres.PrintSettingsAsync(cancellationToken);
        Console.WriteLine(
            $"""
            {options.Rounds} rounds, {options.Seconds} s each part; spread is over {BenchWallets.Count} wallets, hot is on one
            pgbench: {PgbenchClients} clients, prepared, and 1 client for the sets of {BatchSize}; all connections are TCP
            HTTP: {HttpConnections} connections with one request each; the load comes from one thread of plain sockets with ready
            bytes, and shares the cores with Ledger and PostgreSQL, as pgbench does; no broker
            """);
        await postgres.ExecuteAsync(null, $"CREATE DATABASE {PeerDatabase}", cancellationToken);
        await postgres.ExecuteAsync(PeerDatabase, SqlFile.Read("peer-schema.sql"), cancellationToken);
        await postgres.ExecuteAsync(PeerDatabase, "VACUUM ANALYZE", cancellationToken);
        await using var ledger = await LedgerUnderTest.StartAsync(cancellationToken);
        var bench = new LedgerBench(options, postgres, ledger);
        await bench.MeasureRatesAsync(cancellationToken);
        await LatencyBench.RunAsync(
            options, postgres, ledger, bench._rates.Median(HttpSpread) / 2, LatencySeconds, cancellationToken);
        await bench.PrintAuditAsync(cancellationToken);
        await bench.PrintTablesAsync(cancellationToken);
    }

    private static void PrintScripts()
    {
        foreach (var script in (string[])["peer-schema.sql", "peer-transfer.sql", "peer-batch.sql"])
        {
            Console.WriteLine($"--- {script}\n{SqlFile.Read(script).TrimEnd()}");
        }

        Console.WriteLine("---");
    }

    private async Task MeasureRatesAsync(CancellationToken cancellationToken)
    {
        Console.WriteLine("Warming up, these don't count:");
        await HttpAsync(1, WarmUpSeconds, cancellationToken);
        await HttpAsync(BenchWallets.Count, WarmUpSeconds, cancellationToken);
        for (var round = 0; round < _options.Rounds; round++)
        {
            foreach (var (wallets, transfer, http, batch, engine) in ((int, string, string, string, string)[])
                [
                    (BenchWallets.Count, TransferSpread, HttpSpread, BatchSpread, EngineSpread),
                    (1, TransferHot, HttpHot, BatchHot, EngineHot),
                ])
            {
                _rates.Add(transfer, await PgbenchAsync("peer-transfer.sql", PgbenchClients, wallets, cancellationToken));
                _rates.Add(http, await HttpAsync(wallets, _options.Seconds, cancellationToken));
                _rates.Add(batch, BatchSize * await PgbenchAsync("peer-batch.sql", 1, wallets, cancellationToken));
                _rates.Add(engine, await EngineAsync(wallets, _options.Seconds, cancellationToken));
            }
        }

        _rates.Print();
        Figures.PrintAtLeast("ledger-http-hot/pgbench-hot", _rates.MedianRatio(HttpHot, TransferHot), 10);
        Figures.PrintAtLeast("ledger-http-spread/pgbench-spread", _rates.MedianRatio(HttpSpread, TransferSpread), 1.5);
        Figures.PrintAtLeast("ledger-engine-spread/pgbench-batch-spread", _rates.MedianRatio(EngineSpread, BatchSpread), 0.6);
        Figures.PrintAtLeast("ledger-engine-hot/pgbench-batch-hot", _rates.MedianRatio(EngineHot, BatchHot), 0.6);
    }

    private Task<double> PgbenchAsync(string script, int clients, int wallets, CancellationToken cancellationToken) =>
        Pgbench.RunAsync(_postgres, PeerDatabase, script, clients, _options.Seconds,
            new Dictionary<string, long> { ["wallets"] = wallets }, cancellationToken);

    private async Task<double> HttpAsync(int wallets, int seconds, CancellationToken cancellationToken)
    {
        var before = _ledger.Process.ProcessorTime;
        var result = await HttpLoad.ClosedAsync(
            _ledger.Port, HttpConnections, new DebitRequests(wallets), seconds, cancellationToken);
        var used = (_ledger.Process.ProcessorTime - before).TotalMicroseconds / result.Answers;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"HTTP over {wallets} wallets: {result.PerSecond:0}/s, p50 {result.Percentile(50):0.0} ms, p99 {result.Percentile(99):0.0} ms, Ledger's processor time {used:0} µs a debit"));
        return result.PerSecond;
    }

    private Task<double> EngineAsync(int wallets, int seconds, CancellationToken cancellationToken) =>
        BenchWallets.DebitAsync(_ledger.Engine, wallets, seconds, cancellationToken);

    /// <summary>The auditor falls behind under full load by design: how far, and how fast it reads what it left.</summary>
    private async Task PrintAuditAsync(CancellationToken cancellationToken)
    {
        var (began, left) = (Stopwatch.GetTimestamp(), await LeftAsync());
        await _ledger.Auditor.RunAsync(TimeSpan.FromSeconds(60), cancellationToken);
        var (seconds, after) = (Stopwatch.GetElapsedTime(began).TotalSeconds, await LeftAsync());
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"\nThe auditor left {left} transfers for later under this load, and then read {(left - after) / seconds:0} of them a second"));

        Task<long> LeftAsync() => _postgres.ScalarAsync<long>(_ledger.DatabaseName,
            "SELECT coalesce(sum(cardinality(transfer_ids)), 0)::bigint FROM ledger.unaudited", cancellationToken);
    }

    private async Task PrintTablesAsync(CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT string_agg(format('%s %s rows %s', relname, n_live_tup, pg_size_pretty(pg_total_relation_size(relid))), ', ' ORDER BY relname)
            FROM pg_stat_user_tables WHERE relname IN ('wallet', 'transfer', 'entry', 'outbox')
            """;
        Console.WriteLine($"\nTables at the end, Ledger's: {await _postgres.ScalarAsync<string>(_ledger.DatabaseName, sql, cancellationToken)}");
        Console.WriteLine($"Tables at the end, pgbench's: {await _postgres.ScalarAsync<string>(PeerDatabase, sql, cancellationToken)}");
    }
}
