using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Hosting;
using Microsoft.Extensions.Logging;

namespace ArdorQr.ServiceDefaults.Messaging;

/// <summary>Sends overdue events again, and forgets inbox rows past their retention.</summary>
internal sealed partial class MessagingUpkeep(ServiceDatabase database, TimeProvider time, ILogger<MessagingUpkeep> logger)
    : RepeatedJob(Interval, "Messaging upkeep", time, logger)
{
    private const int MaxResends = 100;
    private const int CleanUpEveryRounds = 3_600;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private long _round;

    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        await ResendAsync(cancellationToken);
        if (_round++ % CleanUpEveryRounds == 0) // At first too: a service that is often started anew must come to it.
        {
            await using var connection = await database.OpenAsync(cancellationToken);
            await Inbox.CleanUpAsync(connection, cancellationToken);
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} events got no answer in time and are sent again")]
    private partial void LogResent(int count);
}
