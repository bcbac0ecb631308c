using ArdorQr.Gateway.Database;

namespace ArdorQr.Gateway.Features;

/// <summary>Writes <c>lastUsedAt</c> twice a minute and when the service stops.</summary>
internal sealed partial class RecordKeyUses(KeyUses uses, TimeProvider time, ILogger<RecordKeyUses> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await TryWriteAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await TryWriteAsync(stoppingToken);
        }
    }

    private async Task TryWriteAsync(CancellationToken cancellationToken)
    {
        try
        {
            await uses.WriteAsync(cancellationToken);
        }
        catch (Exception exception) // Also of the last time: a stop doesn't fail because the database is away.
        {
            LogWriteFailed(exception.GetBaseException().Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Times of last use are kept for the next batch: {Reason}")]
    private partial void LogWriteFailed(string reason);
}
