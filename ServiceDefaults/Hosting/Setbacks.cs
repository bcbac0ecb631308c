using ArdorQr.ServiceDefaults.Errors;
using Microsoft.Extensions.Logging;

namespace ArdorQr.ServiceDefaults.Hosting;

/// <summary>
/// What a loop does after a failed round: it pauses, twice as long each time in a row, so that an outage of database or
/// broker is met neither with a stream of tries nor with a stream of logs. A fault of the surroundings is told in a
/// sentence, a defect with its stack trace. For one loop: not thread-safe.
/// </summary>
/// <param name="logger">The loop's own.</param>
/// <param name="work">What failed, for the log: a noun, such as <c>Expiring payments</c>.</param>
public sealed partial class Setbacks(ILogger logger, string work)
{
    /// <summary>So long at most does work lie idle after an outage has ended.</summary>
    public const int MaxPauseSeconds = 5;

    private const int FirstPauseMilliseconds = 250;
    private const int MaxDoublings = 5;

    private int _inARow;

    /// <summary>Logs the failure.</summary>
    /// <returns>How long to pause before the next round.</returns>
    public TimeSpan After(Exception exception)
    {
        var milliseconds = FirstPauseMilliseconds << Math.Min(_inARow++, MaxDoublings);
        var pause = TimeSpan.FromMilliseconds(Math.Min(milliseconds, MaxPauseSeconds * 1_000));
        if (Transient.Is(exception))
        {
            LogInterrupted(work, pause.TotalSeconds, exception.GetBaseException().Message);
        }
        else
        {
            LogFailed(work, pause.TotalSeconds, exception);
        }

        return pause;
    }

    /// <summary>A round went well: the next failure is the first in a row.</summary>
    public void Over() => _inARow = 0;

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Work} was interrupted and is tried again in {Pause} s: {Reason}")]
    private partial void LogInterrupted(string work, double pause, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Work} failed and is tried again in {Pause} s")]
    private partial void LogFailed(string work, double pause, Exception exception);
}
