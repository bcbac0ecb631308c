using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ArdorQr.ServiceDefaults.Hosting;

/// <summary>
/// Work of a service that is done again and again until the service stops. A failed round ends nothing: what it left is
/// taken up by the next one.
/// </summary>
/// <param name="interval">From one round's begin to the next one's, if the work leaves so much time.</param>
/// <param name="work">Names the work in the log, such as <c>Expiring payments</c>.</param>
/// <param name="time">Drives the interval.</param>
/// <param name="logger">The job's own.</param>
public abstract class RepeatedJob(TimeSpan interval, string work, TimeProvider time, ILogger logger) : BackgroundService
{
    private readonly Setbacks _setbacks = new(logger, work);

    protected TimeProvider Time { get; } = time;

    /// <summary>One round.</summary>
    protected abstract Task RunOnceAsync(CancellationToken cancellationToken);

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval, Time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await RunOnceAsync(stoppingToken);
                _setbacks.Over();
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested) // A time-out is a cancellation too.
            {
                await Task.Delay(_setbacks.After(exception), Time, stoppingToken);
            }
        }
    }
}
