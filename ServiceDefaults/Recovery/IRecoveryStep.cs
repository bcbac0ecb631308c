namespace ArdorQr.ServiceDefaults.Recovery;

/// <summary>
/// What a service matches with the outside, or says again, before its recovery can end. It is run every few seconds until
/// then, by every replica, so that each run must be harmless after another one.
/// </summary>
public interface IRecoveryStep
{
    /// <param name="episode">The recovery.</param>
    /// <param name="from">The time of the restored state less the margin.</param>
    /// <param name="cancellationToken">Stops the step.</param>
    /// <returns>What is still open, in a few words; null when all is matched.</returns>
    Task<string?> MatchAsync(RecoveryEpisode episode, DateTimeOffset from, CancellationToken cancellationToken);
}
