using System.Diagnostics;
using System.Globalization;
using ArdorQr.Benchmarks.Hosting;

namespace ArdorQr.Benchmarks.Deposits;

/// <summary>What watching a chain takes, with ever more registered addresses on it.</summary>
internal static class DepositsBench
{
    private const double BlockSeconds = 1;
    private const int WarmUpSeconds = 6;
    private const int MinSeconds = 15;
    private const int OwnersPerRequest = 80;
    private const int Confirmations = 1;
    private const int AddressesOfArrival = 10_000;

    /// <summary>Enough credits for a p99 that is more than the worst of a few.</summary>
    private const int MinSecondsOfArrival = 60;

    /// <summary>For the last credit's webhook.</summary>
    private const int ArrivalSeconds = 5;

    private const double MaxMebibytes = 300;

    /// <summary>Constant, but for the rounds that fall just inside or outside of the measured time.</summary>
    private const double MaxGrowth = 1.1;

    private static readonly int[] Registries = [10, 10_000, 1_000_000];

    private sealed record Measured(double Discovery, double Wallets, double MillisecondsPerBlock, long Mebibytes, double[] Latencies);

    public static async Task RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        await using var postgres = await DurablePostgres.StartAsync(cancellationToken);
        await postgres.PrintSettingsAsync(cancellationToken);
        var seconds = Math.Max(MinSeconds, options.Seconds);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"""
            A block every {BlockSeconds} s with {SimulatedBlocks.ForeignPerBlock} foreign transfers and 1 of ours; poll interval {DepositsUnderTest.PollMilliseconds} ms;
            {DepositsUnderTest.RequestsPerSecond} requests per second, {DepositsUnderTest.ReconciliationSharePercent} % of them for comparing balances; {seconds} s each after {WarmUpSeconds} s of warming up
            """));
        var measured = new Dictionary<int, Measured>();
        foreach (var addresses in Registries)
        {
            measured[addresses] = await MeasureAsync(addresses, seconds, cancellationToken);
        }

        Print(measured);
        await MeasureArrivalAsync(Math.Max(MinSecondsOfArrival, seconds), cancellationToken);
    }

    private static async Task<Measured> MeasureAsync(int addresses, int seconds, CancellationToken cancellationToken)
    {
        var port = ChildProcess.FreePort();
        var blocks = new SimulatedBlocks(DepositsUnderTest.Owner, DepositsUnderTest.Master);
        await using var chain = await SimulatedChain.StartAsync(port, blocks, BlockSeconds, cancellationToken);
        await using var deposits = await DepositsUnderTest.StartAsync(
            addresses, port, DepositsUnderTest.NoBroker, chain.Begin, cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(WarmUpSeconds), cancellationToken);

        var (asked, cpu, head, began) = (chain.Asked(), deposits.Process.ProcessorTime, chain.Head, Stopwatch.GetTimestamp());
        await Task.Delay(TimeSpan.FromSeconds(seconds), cancellationToken);
        var (askedThen, cpuThen) = (chain.Asked(), deposits.Process.ProcessorTime);
        var (elapsed, mebibytes) = (Stopwatch.GetElapsedTime(began).TotalSeconds, deposits.Process.ResidentMebibytes);
        var count = elapsed / BlockSeconds;
        double Per(string kind) => (askedThen.GetValueOrDefault(kind) - asked.GetValueOrDefault(kind)) / count;

        var confirmed = await deposits.ConfirmedAtAsync(cancellationToken);
        var latencies = Latencies(chain, blocks, head, seconds, confirmed);
        var result = new Measured(
            Per("head") + Per("transfers") + Per("transactions"), Per("wallets"),
            (cpuThen - cpu).TotalMilliseconds / count, mebibytes, latencies);
        PrintRow(addresses, result, Per, await deposits.CountAsync(cancellationToken));
        return result;
    }

    /// <summary>The whole way of a credit, with Ledger, Webhooks and a broker as in the real house.</summary>
    private static async Task MeasureArrivalAsync(int seconds, CancellationToken cancellationToken)
    {
        var port = ChildProcess.FreePort();
        var blocks = new SimulatedBlocks(DepositsUnderTest.Owner, DepositsUnderTest.Master);
        await using var credits = await CreditChain.StartAsync(DepositsUnderTest.Merchant, cancellationToken);
        await using var chain = await SimulatedChain.StartAsync(port, blocks, BlockSeconds, cancellationToken);
        await using var deposits = await DepositsUnderTest.StartAsync(
            AddressesOfArrival, port, credits.Broker, chain.Begin, cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(WarmUpSeconds), cancellationToken);

        var head = chain.Head;
        await Task.Delay(TimeSpan.FromSeconds(seconds + ArrivalSeconds), cancellationToken);
        var arrived = Latencies(chain, blocks, head, seconds, credits.Arrivals);
        var confirmed = Latencies(chain, blocks, head, seconds, await deposits.ConfirmedAtAsync(cancellationToken));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"""

            The whole way, {AddressesOfArrival} addresses, with RabbitMQ, Ledger and Webhooks; poll interval {DepositsUnderTest.PollMilliseconds} ms
              final block to confirmed        p50 {Percentile(confirmed, 50):0} ms, p99 {Percentile(confirmed, 99):0} ms
              final block to webhook arrived  p50 {Percentile(arrived, 50):0} ms, p99 {Percentile(arrived, 99):0} ms, of {arrived.Length}
            """));
        Figures.PrintAtLeast("deposits-webhooks/final", arrived.Count(double.IsFinite) / (double)arrived.Length, 1);
    }

    /// <summary>Milliseconds from when a block's transfer was final, in order; endless for one that isn't there.</summary>
    private static double[] Latencies(
        SimulatedChain chain, SimulatedBlocks blocks, long head, int seconds, IReadOnlyDictionary<string, DateTimeOffset> at) =>
    [
        .. Enumerable.Range((int)head + 1, (int)(seconds / BlockSeconds) - 3)
            .Select(block => at.TryGetValue(blocks.Own(block).SenderHashHex, out var then)
                ? (then - chain.ShownAt(block + Confirmations)).TotalMilliseconds
                : double.PositiveInfinity)
            .Order(),
    ];

    private static void PrintRow(
        int addresses, Measured row, Func<string, double> per, (long Seen, long Confirmed) deposits)
    {
        var cycle = Math.Ceiling(addresses / (double)OwnersPerRequest) / (row.Wallets / BlockSeconds);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"""

            {addresses} addresses
              requests per block   {row.Discovery:0.0} of the watch (head {per("head"):0.0}, transfers {per("transfers"):0.0}, transactions {per("transactions"):0.0}) and {row.Wallets:0.0} for balances
              a whole comparison   {cycle:0} s at that pace, {OwnersPerRequest} wallets a request
              processor time       {row.MillisecondsPerBlock:0.0} ms per block
              memory               {row.Mebibytes} MiB resident
              deposits             {deposits.Seen} seen, {deposits.Confirmed} confirmed
              final block to confirmed, committed with its event: p50 {Percentile(row.Latencies, 50):0} ms, p99 {Percentile(row.Latencies, 99):0} ms
            """));
    }

    private static void Print(Dictionary<int, Measured> measured)
    {
        Console.WriteLine();
        var (small, large) = (measured[10_000], measured[1_000_000]);
        Figures.PrintAtMost("deposits-discovery-1000000/10000", large.Discovery / small.Discovery, MaxGrowth);
        var share = DepositsUnderTest.RequestsPerSecond * DepositsUnderTest.ReconciliationSharePercent / 100.0 * BlockSeconds;
        Figures.PrintAtMost("deposits-balances/share", large.Wallets / share, MaxGrowth);
        Figures.PrintAtLeast(
            "deposits-confirmed/final", large.Latencies.Count(double.IsFinite) / (double)large.Latencies.Length, 1);
        Figures.PrintAtMost("deposits-memory-mib/limit", large.Mebibytes / MaxMebibytes, 1);
    }

    private static double Percentile(double[] sorted, double percent) =>
        sorted[(int)Math.Ceiling(percent / 100 * sorted.Length) - 1];
}
