using ArdorQr.Gateway.Database;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Gateway.Features;

/// <summary>
/// Listens for changes to merchants and keys, and looks at the version every half second besides: a notification can be
/// lost, a version can't.
/// </summary>
internal sealed partial class WatchChanges(
    ServiceDatabase database, ChangeWatch changes, TimeProvider time, ILogger<WatchChanges> logger) : BackgroundService
{
    private const int LookTimeoutSeconds = 2;

    /// <summary>For how long a lost notification stays unseen.</summary>
    internal TimeSpan LookInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogConnectionLost(exception.GetBaseException().Message); // Requests look for themselves meanwhile.
                await Task.Delay(LookInterval, time, stoppingToken);
            }
        }
    }

    private async Task ListenAsync(CancellationToken stoppingToken)
    {
        await using var connection = await database.OpenAsync(stoppingToken);
        await connection.ExecuteAsync($"LISTEN {Changes.Channel}", null, stoppingToken);
        while (true)
        {
            using (var timeout = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken))
            {
                // A dead connection must not hold the watch up.
                timeout.CancelAfter(TimeSpan.FromSeconds(LookTimeoutSeconds));
                await changes.LookAsync(connection, timeout.Token);
            }

            await connection.WaitAsync(LookInterval, stoppingToken); // Until a notification, or for the interval.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Changes of keys can't be watched; connecting anew: {Reason}")]
    private partial void LogConnectionLost(string reason);
}
