using ArdorQr.Ledger.Database;
using ArdorQr.ServiceDefaults.Database;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ArdorQr.Ledger.Features;

/// <summary>
/// What the auditor found, as a detail of the health: degraded and not unhealthy, since a Ledger that is taken out of
/// service repairs nothing.
/// </summary>
internal sealed class AuditHealth(ServiceDatabase database) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var report = await AuditReport.ReadAsync(database, cancellationToken);
        var faults = report.Checks.Where(check => !check.Ok)
            .ToDictionary(check => check.Name, check => (object)check.Details);
        return faults.Count == 0
            ? HealthCheckResult.Healthy($"the books are sound, audited at {report.CaughtUpAt:O}")
            : HealthCheckResult.Degraded($"the books fail: {string.Join(", ", faults.Keys)}", data: faults);
    }
}
