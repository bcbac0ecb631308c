using ArdorQr.Payments.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Hosting;
using Npgsql;

namespace ArdorQr.Payments.Features;

/// <summary>
/// The job that ends resolved payments whose time is up, and forgets idempotency keys past their retention.
/// </summary>
internal sealed class ExpirePayments(
    ServiceDatabase database, TimeProvider time, ILogger<ExpirePayments> logger)
    : RepeatedJob(Interval, "Expiring payments", time, logger)
{
    private const int MaxBatch = 500;
    private const int CleanUpEveryRounds = 60;
    private const int MaxCleanUpBatches = 100;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private long _round;

    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await PaymentTable.ExpireDueAsync(connection, MaxBatch, cancellationToken);
        if (++_round % CleanUpEveryRounds == 0)
        {
            await ForgetKeysAsync(connection, cancellationToken);
        }
    }

    /// <summary>Batch by batch, each committed by itself, until none is full; the rest waits its turn.</summary>
    internal static async Task<int> ForgetKeysAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var forgotten = 0;
        for (var batch = 0; batch < MaxCleanUpBatches; batch++)
        {
            var count = await IdempotencyTable.CleanUpAsync(connection, cancellationToken);
            forgotten += count;
            if (count < IdempotencyTable.CleanUpBatch)
            {
                break;
            }
        }

        return forgotten;
    }
}
