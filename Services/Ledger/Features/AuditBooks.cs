using ArdorQr.Ledger.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Hosting;
using Microsoft.Extensions.Options;

namespace ArdorQr.Ledger.Features;

/// <summary>
/// The job that proves the books: what is new is audited once, and each run reads a piece of the history again. One
/// replica at a time does it; what it found stands in the database and is every replica's to tell.
/// </summary>
internal sealed partial class AuditBooks(
    ServiceDatabase database, HistoryAudit history, AuditMetrics metrics, IOptions<AuditOptions> options,
    TimeProvider time, ILogger<AuditBooks> logger)
    : RepeatedJob(TimeSpan.FromSeconds(options.Value.IntervalSeconds), "Auditing the books", time, logger)
{
    /// <summary>Of new entries in one run.</summary>
    private const int MaxStepsOfRun = 10_000;

    /// <summary>A caller isn't kept waiting for longer; what is left then is told as not audited yet.</summary>
    private static readonly TimeSpan MaxTimeOfAnswer = TimeSpan.FromSeconds(20);

    /// <summary>The job's own: another replica that audits does the same work.</summary>
    private static readonly TimeSpan NoPatience = TimeSpan.Zero;

    private string _lastSaid = "";

    /// <summary>
    /// Audits all that is new and the next piece of the history at once, and says how the books stand.
    /// </summary>
    /// <param name="patience">How long to wait for another who audits; afterwards its findings are told.</param>
    /// <param name="cancellationToken">Ends the run between two steps, and nothing is lost.</param>
    public Task<AuditReport> RunAsync(TimeSpan patience, CancellationToken cancellationToken) =>
        RunAsync(AuditPace.Full(MaxTimeOfAnswer, Time), patience, cancellationToken);

    /// <summary>The job's run leaves the machine to those who post.</summary>
    protected override Task RunOnceAsync(CancellationToken cancellationToken) =>
        RunAsync(AuditPace.Shared(options.Value.SharePercent, Time), NoPatience, cancellationToken);

    private async Task<AuditReport> RunAsync(AuditPace pace, TimeSpan patience, CancellationToken cancellationToken)
    {
        await RepeatAsync(MaxStepsOfRun, long.MaxValue, NewEntriesAudit.StepAsync, "new");
        var rows = options.Value.HistoryRowsPerRun;
        await RepeatAsync(rows, rows, history.StepWalletsAsync, "again");
        await RepeatAsync(rows, rows, HistoryAudit.StepTransfersAsync, "again");
        var report = await AuditReport.ReadAsync(database, cancellationToken);
        metrics.Reported(report);
        Say(report);
        return report;

        async Task RepeatAsync(
            int maxSteps, long maxRows,
            Func<ServiceTransaction, AuditPlace, CancellationToken, Task<AuditStep>> step, string what)
        {
            for (var (steps, rows) = (0, 0L); steps < maxSteps && rows < maxRows && pace.GoesOn; steps++)
            {
                var began = Time.GetTimestamp();
                if (await AuditStep.RunAsync(database, patience, step, cancellationToken) is not { } done)
                {
                    return; // Another is at it.
                }

                rows += done.Rows;
                metrics.Read(done.Rows, what);
                await pace.RestAsync(Time.GetElapsedTime(began), done.Behind, cancellationToken);
                if (done.IsLast)
                {
                    return;
                }
            }
        }
    }

    /// <summary>Says what is wrong when it changes, not every time that it still is.</summary>
    private void Say(AuditReport report)
    {
        var faults = string.Join("; ",
            report.Checks.Where(check => !check.Ok).Select(check => $"{check.Name}: {check.Details}"));
        if (faults != Interlocked.Exchange(ref _lastSaid, faults) && faults.Length > 0)
        {
            LogFaults(faults);
        }
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "The books don't stand up to the audit: {Faults}")]
    private partial void LogFaults(string faults);
}
