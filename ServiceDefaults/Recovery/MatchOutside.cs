using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ArdorQr.ServiceDefaults.Recovery;

/// <summary>
/// The job of recovery mode: runs the service's steps round by round, records how far they are, and opens the gate when
/// an operator has ended the recovery. Without a restore it has nothing to do.
/// </summary>
internal sealed partial class MatchOutside(
    ServiceDatabase database, RecoveryGate gate, IEnumerable<IRecoveryStep> steps, IOptions<RecoveryOptions> options,
    TimeProvider time, ILogger<MatchOutside> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Setbacks _setbacks = new(logger, "Matching with the outside after a restore");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.Since is not { } since)
        {
            return;
        }

        LogRestored(since);
        while (!gate.IsOpen)
        {
            var pause = Pause;
            try
            {
                await RunRoundAsync(since, stoppingToken);
                _setbacks.Over();
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                pause = _setbacks.After(exception);
            }

            await Task.Delay(pause, time, stoppingToken);
        }
    }

    /// <summary>One round; the gate is open after one that finds the recovery ended.</summary>
    internal async Task RunRoundAsync(DateTimeOffset since, CancellationToken cancellationToken)
    {
        var (episode, roundAt) = await BeginAsync(since, cancellationToken);
        gate.Begin(episode.BegunAt);
        if (episode.EndedAt is not null)
        {
            LogEnded(episode.EndedBy!);
            gate.Open();
            return;
        }

        var waitsFor = await MatchAsync(episode, cancellationToken);
        var settledAt = episode.BegunAt.AddMinutes(options.Value.SettleMinutes);
        if (waitsFor is null && roundAt < settledAt)
        {
            waitsFor = $"what the outside may tell late, until {settledAt:O}";
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        await RecoveryEpisodes.RecordAsync(connection, since, roundAt, waitsFor, cancellationToken);
    }

    private async Task<(RecoveryEpisode Episode, DateTimeOffset RoundAt)> BeginAsync(
        DateTimeOffset since, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var episode = await RecoveryEpisodes.BeginAsync(connection, since, cancellationToken);
        return (episode, await RecoveryEpisodes.NowAsync(connection, cancellationToken));
    }

    private async Task<string?> MatchAsync(RecoveryEpisode episode, CancellationToken cancellationToken)
    {
        var from = episode.Since.AddMinutes(-options.Value.MarginMinutes);
        List<string> open = [];
        foreach (var step in steps)
        {
            if (await step.MatchAsync(episode, from, cancellationToken) is { } waitsFor)
            {
                open.Add(waitsFor);
            }
        }

        return open.Count == 0 ? null : string.Join("; ", open);
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The database was restored to {Since}: nothing leaves until the recovery is ended by an operator")]
    private partial void LogRestored(DateTimeOffset since);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The recovery was ended by {Operator}")]
    private partial void LogEnded(string @operator);
}
