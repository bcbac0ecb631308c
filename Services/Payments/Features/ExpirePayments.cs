using ArdorQr.Payments.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Hosting;

namespace ArdorQr.Payments.Features;

/// <summary>
/// The job that ends resolved payments whose time is up, and forgets idempotency keys past their retention.
/// </summary>
internal sealed class ExpirePayments(
    ServiceDatabase database, TimeProvider time, ILogger<ExpirePayments> logger)
    : RepeatedJob(Interval, "Expiring payments", time, logger)
{
    private const int MaxBatch = 500;
    private const int CleanUpEveryRounds = 600;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private long _round;

    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await PaymentTable.ExpireDueAsync(connection, MaxBatch, cancellationToken);
        if (++_round % CleanUpEveryRounds == 0)
        {
            await IdempotencyTable.CleanUpAsync(connection, cancellationToken);
        }
    }
}
