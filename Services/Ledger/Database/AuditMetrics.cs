using System.Diagnostics.Metrics;

namespace ArdorQr.Ledger.Database;

/// <summary>What the auditor tells its watchers: each check's word, the imbalance, and how far behind it is.</summary>
internal sealed class AuditMetrics
{
    private const string MeterName = "ArdorQr.Ledger";

    private readonly Counter<long> _read;
    private AuditReport? _last;

    public AuditMetrics(IMeterFactory meters, TimeProvider time)
    {
        var meter = meters.Create(MeterName);
        _read = meter.CreateCounter<long>("ledger.audit.rows", "{row}", "Rows that the auditor read, new ones and again");
        meter.CreateObservableGauge("ledger.audit.failed", () => PerCheck(check => check.Ok ? 0L : 1L), "{check}",
            "1 for a check that the books fail");
        meter.CreateObservableGauge("ledger.imbalance", () => PerCheck(
            check => (double)(check.Actual - check.Expected), check => check.IsMoney), "{kopeck}",
            "By how much a sum of the books is off");
        meter.CreateObservableGauge("ledger.house.balance", () => (_last?.House ?? []).Select(sum =>
            new Measurement<double>((double)sum.Kopecks, new("account", sum.Account), new("mode", sum.Mode.Code))),
            "{kopeck}", "What each account of the house holds, as audited");
        meter.CreateObservableGauge("ledger.audit.age", () => _last is { } report
            ? [new Measurement<double>((time.GetUtcNow() - report.CaughtUpAt).TotalSeconds)]
            : Array.Empty<Measurement<double>>(), "s", "Since all new entries were audited");
    }

    public void Read(int rows, string what) => _read.Add(rows, new KeyValuePair<string, object?>("what", what));

    public void Reported(AuditReport report) => _last = report;

    private IEnumerable<Measurement<T>> PerCheck<T>(Func<AuditCheck, T> value, Predicate<AuditCheck>? which = null)
        where T : struct =>
        (_last?.Checks ?? []).Where(check => which?.Invoke(check) ?? true).Select(check =>
            new Measurement<T>(value(check), new KeyValuePair<string, object?>("check", check.Name)));
}
