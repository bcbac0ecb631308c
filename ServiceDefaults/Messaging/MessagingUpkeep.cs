using ArdorQr.ServiceDefaults.Database;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ArdorQr.ServiceDefaults.Messaging;

/// <summary>Sends overdue events again, and forgets inbox rows past their retention.</summary>
internal sealed partial class MessagingUpkeep(ServiceDatabase database, TimeProvider time, ILogger<MessagingUpkeep> logger)
    : BackgroundService
{
    private const int MaxResends = 100;
    private const int CleanUpEveryTicks = 3_600;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        for (var tick = 1L; await timer.WaitForNextTickAsync(stoppingToken); tick++)
        {
            try
            {
                await ResendAsync(stoppingToken);
                if (tick % CleanUpEveryTicks == 0)
                {
                    await using var connection = await database.OpenAsync(stoppingToken);
                    await Inbox.CleanUpAsync(connection, stoppingToken);
                }
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(exception); // The rows stay; the next tick takes them again.
            }
        }
    }

    private async Task ResendAsync(CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        if (await Resends.RequeueDueAsync(transaction, MaxResends, cancellationToken) is > 0 and var count)
        {
            LogResent(count);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Messaging upkeep failed; it will be tried again")]
    private partial void LogFailed(Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} events got no answer in time and are sent again")]
    private partial void LogResent(int count);
}
