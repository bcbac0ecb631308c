using System.Diagnostics;
using System.Globalization;
using ArdorQr.Benchmarks.Hosting;
using ArdorQr.Ledger.Database;

namespace ArdorQr.Benchmarks.Ledger;

/// <summary>What the auditor costs as the history grows: new entries, and its share of the history, at each step.</summary>
internal static class LedgerAuditBench
{
    private const int Steps = 10;
    private const int DebitsAStep = 50_000;
    private const double MaxGrowth = 1.5;

    /// <summary>The job of neither process comes between.</summary>
    private static readonly Dictionary<string, string?> OnlyWhenAsked = new() { ["Ledger:Audit:IntervalSeconds"] = "3600" };

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        await using var postgres = await DurablePostgres.StartAsync(cancellationToken);
        await postgres.PrintSettingsAsync(cancellationToken);
        await using var ledger = await LedgerUnderTest.StartAsync(OnlyWhenAsked, cancellationToken);
        var (news, again) = (new List<double>(), new List<double>());
        await ledger.Auditor.RunAsync(Patience, cancellationToken);
        for (var step = 1; step <= Steps; step++)
        {
            await BenchWallets.DebitAsync(ledger.Engine, DebitsAStep, cancellationToken);
            news.Add(await MillisecondsAsync(() => AuditNewAsync(ledger, cancellationToken)));
            again.Add(await MillisecondsAsync(() => ledger.Auditor.RunAsync(Patience, cancellationToken)));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"after {step * DebitsAStep,9} debits: {news[^1]:0} ms for {DebitsAStep} new ones, {again[^1]:0} ms for the history's share"));
        }

        Figures.PrintAtMost("ledger-audit-new-last/first", news[^1] / news[0], MaxGrowth);
        Figures.PrintAtMost("ledger-audit-history-last/first", again[^1] / again[0], MaxGrowth);
    }

    private static async Task AuditNewAsync(LedgerUnderTest ledger, CancellationToken cancellationToken)
    {
        while (!(await AuditStep.RunAsync(ledger.Database, Patience, NewEntriesAudit.StepAsync, cancellationToken))!.Value.IsLast)
        {
            // The next step takes the next batches.
        }
    }

    private static async Task<double> MillisecondsAsync(Func<Task> work)
    {
        var began = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }
}
