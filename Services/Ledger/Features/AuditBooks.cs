using ArdorQr.Ledger.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using Microsoft.Extensions.Options;

namespace ArdorQr.Ledger.Features;

/// <summary>
/// The job that proves the books: what is new is audited once, and each run reads a piece of the history again. One
/// replica at a time does it; what it found stands in the database and is every replica's to tell.
/// </summary>
internal sealed partial class AuditBooks(
    ServiceDatabase database, HistoryAudit history, AuditMetrics metrics, IOptions<AuditOptions> options,
    TimeProvider time, ILogger<AuditBooks> logger) : BackgroundService
{
    /// <summary>Of new entries in one run, each of up to 10,000 transfers.</summary>
    private const int MaxStepsOfRun = 1_000;

    /// <summary>The job's own: another replica that audits does the same work.</summary>
    private static readonly TimeSpan NoPatience = TimeSpan.Zero;

    private string _lastSaid = "";

    /// <summary>Audits all that is new and the next piece of the history, and says how the books stand.</summary>
    /// <param name="patience">How long to wait for another who audits; afterwards its findings are told.</param>
    /// <param name="cancellationToken">Ends the run between two steps, and nothing is lost.</param>
    public async Task<AuditReport> RunAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        await RepeatAsync(MaxStepsOfRun, long.MaxValue, patience, NewEntriesAudit.StepAsync, "new", cancellationToken);
        var rows = options.Value.HistoryRowsPerRun;
        await RepeatAsync(rows, rows, patience, history.StepWalletsAsync, "again", cancellationToken);
        await RepeatAsync(rows, rows, patience, HistoryAudit.StepTransfersAsync, "again", cancellationToken);
        var report = await AuditReport.ReadAsync(database, cancellationToken);
        metrics.Reported(report);
        Say(report);
        return report;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(options.Value.IntervalSeconds), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await RunAsync(NoPatience, stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                // It goes on at the next tick.
                LogFailed(Transient.Is(exception) ? LogLevel.Warning : LogLevel.Error, exception);
            }
        }
    }

    private async Task RepeatAsync(
        int maxSteps, long maxRows, TimeSpan patience,
        Func<ServiceTransaction, AuditPlace, CancellationToken, Task<AuditStep>> step, string what,
        CancellationToken cancellationToken)
    {
        for (var (steps, rows) = (0, 0L); steps < maxSteps && rows < maxRows; steps++)
        {
            if (await AuditStep.RunAsync(database, patience, step, cancellationToken) is not { } done)
            {
                return; // Another is at it.
            }

            rows += done.Rows;
            metrics.Read(done.Rows, what);
            if (done.IsLast)
            {
                return;
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

    [LoggerMessage(Message = "The audit failed; it will be tried again")]
    private partial void LogFailed(LogLevel level, Exception exception);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The books don't stand up to the audit: {Faults}")]
    private partial void LogFaults(string faults);
}
