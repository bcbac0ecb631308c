using ArdorQr.Gateway.Database;

namespace ArdorQr.Gateway.Features;

/// <summary>Keeps the limits of keys true across replicas: they exchange their counts several times a second.</summary>
internal sealed partial class ShareRateUses(RateUses uses, TimeProvider time, ILogger<ShareRateUses> logger)
    : BackgroundService
{
    private const int CleanUpEveryTicks = 100;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        for (var tick = 1L; await timer.WaitForNextTickAsync(stoppingToken); tick++)
        {
            try
            {
                await uses.ExchangeAsync(stoppingToken);
                if (tick % CleanUpEveryTicks == 0)
                {
                    await uses.CleanUpAsync(stoppingToken);
                }
            }
            catch (Exception exception)
                when (exception is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                LogNotShared(exception.GetBaseException().Message); // Each replica still counts for itself.
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Counts of requests can't be exchanged between replicas: {Reason}")]
    private partial void LogNotShared(string reason);
}
