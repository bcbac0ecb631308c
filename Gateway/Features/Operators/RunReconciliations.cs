using System.Collections.Concurrent;
using ArdorQr.Gateway.Clients;
using ArdorQr.Gateway.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Hosting;
using Microsoft.Extensions.Options;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// Makes the runs of the reconciliation, one at a time among all replicas: the nightly one when it is due (one that was
/// missed is made up for), and those that operators ask for. A run that a service or the rail breaks off is tried again,
/// from its begin; one whose replica died is taken up by another.
/// </summary>
internal sealed partial class RunReconciliations(
    ServiceDatabase database, BooksClient books, ReconciliationClient checks, ReconciliationMetrics metrics,
    IOptions<ReconciliationOptions> options, TimeProvider time, ILogger<RunReconciliations> logger)
    : RepeatedJob(Interval, "Reconciling the books", time, logger)
{
    /// <summary>Until a run that was broken off is tried again.</summary>
    private const int PauseSeconds = 300;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(ReconciliationRuns.LeaseSeconds / 3.0);

    /// <summary>Schedules, and makes the runs that wait.</summary>
    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        var settings = options.Value;
        await ReconciliationRuns.ScheduleAsync(
            database, Guid.CreateVersion7(Time.GetUtcNow()), settings.Due,
            (settings.LookbackDays, settings.MarginSeconds, settings.RetentionDays), cancellationToken);
        if (await ReconciliationRuns.TryClaimAsync(database, cancellationToken) is { } run)
        {
            await MakeAsync(run, cancellationToken);
        }

        if (await ReconciliationRuns.LastAsync(database, cancellationToken) is { } last)
        {
            metrics.Ended(last.Run, last.AgeSeconds);
        }
    }

    private async Task MakeAsync(RunRow run, CancellationToken cancellationToken)
    {
        var found = new ConcurrentDictionary<string, long>();
        var comparison = new CompareBooks(books, checks, run.FromAt, run.UntilAt, async (discrepancy, token) =>
        {
            if (await ReconciliationRuns.AddAsync(database, run, discrepancy, token))
            {
                found.AddOrUpdate(discrepancy.Kind, 1, static (_, sum) => sum + 1);
            }
        });
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(options.Value.MaxMinutes), Time);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            await HoldWhileAsync(run, comparison, limited.Token);
            await ReconciliationRuns.EndAsync(database, run, comparison.Compared, null, cancellationToken);
            Say(run, found);
        }
        catch (RunLostException lost)
        {
            LogBrokenOff(run.Id, lost.Message); // By us: the other one goes on.
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            await ReconciliationRuns.EndAsync(
                database, run, comparison.Compared, $"It took longer than {options.Value.MaxMinutes} minutes.",
                cancellationToken);
        }
        catch (Exception exception) when (Transient.Is(exception) && !cancellationToken.IsCancellationRequested)
        {
            LogBrokenOff(run.Id, exception.Message);
            await ReconciliationRuns.PauseAsync(database, run, exception.Message, PauseSeconds, cancellationToken);
        }
    }

    /// <summary>Compares, and renews the lease meanwhile; a lost lease ends the work.</summary>
    private async Task HoldWhileAsync(RunRow run, CompareBooks comparison, CancellationToken cancellationToken)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var (work, renewing) = (comparison.RunAsync(both.Token), RenewAsync());
        var first = await Task.WhenAny(work, renewing);
        await both.CancelAsync();
        await Task.WhenAll(work, renewing).ContinueWith(
            static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        await first; // Its fault is the cause; the other one only ended by it.

        async Task RenewAsync()
        {
            using var timer = new PeriodicTimer(RenewEvery, Time);
            while (await timer.WaitForNextTickAsync(both.Token))
            {
                await ReconciliationRuns.RenewAsync(database, run, comparison.Compared, both.Token);
            }
        }
    }

    private void Say(RunRow run, ConcurrentDictionary<string, long> found)
    {
        if (found.IsEmpty)
        {
            LogBalanced(run.Id);
            return;
        }

        LogDiscrepancies(run.Id, string.Join(", ", found.Select(kind => $"{kind.Value} {kind.Key}")));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Reconciliation {Run}: all books agree")]
    private partial void LogBalanced(Guid run);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Reconciliation {Run}: the books differ: {Found}")]
    private partial void LogDiscrepancies(Guid run, string found);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Reconciliation {Run} was broken off: {Reason}")]
    private partial void LogBrokenOff(Guid run, string reason);
}
