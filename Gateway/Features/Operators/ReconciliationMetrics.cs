using System.Diagnostics.Metrics;
using ArdorQr.Gateway.Database;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>What the platform team sees of the reconciliation across services: the last run, and how old it is.</summary>
internal sealed class ReconciliationMetrics
{
    private readonly TimeProvider _time;
    private Last? _last;

    public ReconciliationMetrics(IMeterFactory meters, TimeProvider time)
    {
        _time = time;
        var meter = meters.Create("ArdorQr.Gateway");
        meter.CreateObservableGauge("ardorqr.reconciliation.age", () => Measured(
            last => last.AgeSeconds + _time.GetElapsedTime(last.ReadAt).TotalSeconds), "s", "Since the last run ended");
        meter.CreateObservableGauge("ardorqr.reconciliation.failed", () => Measured(last => last.HasFailed ? 1 : 0),
            description: "1 when the last run came to no result");
        meter.CreateObservableGauge("ardorqr.reconciliation.discrepancies", () => Measured(last => last.Discrepancies),
            description: "What the last run found");
    }

    private sealed record Last(bool HasFailed, long Discrepancies, double AgeSeconds, long ReadAt);

    public void Ended(RunRow run, double ageSeconds) =>
        _last = new Last(run.State == RunRow.Failed, run.Discrepancies, ageSeconds, _time.GetTimestamp());

    private IEnumerable<Measurement<double>> Measured(Func<Last, double> value) =>
        _last is { } last ? [new Measurement<double>(value(last))] : [];
}
