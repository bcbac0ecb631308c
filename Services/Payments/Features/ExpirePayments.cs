using ArdorQr.Payments.Database;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Payments.Features;

/// <summary>
/// The job that ends resolved payments whose time is up, and forgets idempotency keys past their retention.
/// </summary>
internal sealed partial class ExpirePayments(
    ServiceDatabase database, TimeProvider time, ILogger<ExpirePayments> logger)
    : BackgroundService
{
    private const int MaxBatch = 500;
    private const int CleanUpEveryTicks = 600;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        for (var tick = 1L; await timer.WaitForNextTickAsync(stoppingToken); tick++)
        {
            try
            {
                await using var connection = await database.OpenAsync(stoppingToken);
                await PaymentTable.ExpireDueAsync(connection, MaxBatch, stoppingToken);
                if (tick % CleanUpEveryTicks == 0)
                {
                    await IdempotencyTable.CleanUpAsync(connection, stoppingToken);
                }
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(exception); // The rows stay; the next tick takes them again.
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Expiring payments failed; it will be tried again")]
    private partial void LogFailed(Exception exception);
}
