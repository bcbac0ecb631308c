using System.Globalization;
using ArdorQr.Benchmarks.Hosting;
using ArdorQr.Benchmarks.Load;

namespace ArdorQr.Benchmarks.Ledger;

/// <summary>Whether Ledger's memory stays flat over a million debits: the last tenth holds no more than the first.</summary>
internal static class LedgerMemoryBench
{
    private const int Connections = 64;
    private const int Steps = 10;
    private const int DebitsAStep = 100_000;
    private const double MaxGrowth = 1.2;

    public static async Task RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        await using var postgres = await DurablePostgres.StartAsync(cancellationToken);
        await postgres.PrintSettingsAsync(cancellationToken);
        await using var ledger = await LedgerUnderTest.StartAsync(cancellationToken);
        var requests = new DebitRequests(BenchWallets.Count);
        Console.WriteLine($"resident at the start: {ledger.Process.ResidentMebibytes} MiB");
        var resident = new List<long>();
        for (var step = 1; step <= Steps; step++)
        {
            var result = await HttpLoad.CountedAsync(ledger.Port, Connections, requests, DebitsAStep, cancellationToken);
            resident.Add(ledger.Process.ResidentMebibytes);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"after {step * DebitsAStep,9} debits: {resident[^1]} MiB resident, {result.PerSecond:0} debits/s"));
        }

        Figures.PrintAtMost("ledger-memory-last/first", (double)resident[^1] / resident[0], MaxGrowth);
    }
}
