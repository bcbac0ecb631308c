using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Recovery;
using Microsoft.Extensions.Options;

namespace ArdorQr.Gateway.Features.Recovery;

/// <summary>
/// After a restore: merchant numbers that were given since the restored state are left out, and no merchant is registered
/// before. A number is an address on the chain: given twice, one merchant's money would be another's. A restore before an
/// earlier one's jump finds the sequence of then, so that the clock has a say in where it lands.
/// </summary>
internal sealed partial class JumpNumbers(
    ServiceDatabase database, RecoveryGate gate, IOptions<RecoveryOptions> options, ILogger<JumpNumbers> logger)
    : IRecoveryStep
{
    private volatile bool _hasJumped;

    /// <summary>Whether the next number is sure never to have been given: an ended recovery has jumped before.</summary>
    public bool MayBeGiven => _hasJumped || gate.IsOpen;

    public async Task<string?> MatchAsync(
        RecoveryEpisode episode, DateTimeOffset from, CancellationToken cancellationToken)
    {
        if (!_hasJumped)
        {
            const string sql = "SELECT gateway.jump_merchant_number(@Since, @NumberJump, @FirstNumber)";
            await using var connection = await database.OpenAsync(cancellationToken);
            var settings = options.Value;
            if (await connection.QuerySingleAsync<bool>(sql, new
            {
                episode.Since, settings.NumberJump, FirstNumber = (long)(settings.FirstNumber ?? 1),
            }, cancellationToken))
            {
                LogJumped((await FirstAsync(cancellationToken))!.Value);
            }

            _hasJumped = true;
        }

        return null;
    }

    /// <summary>From which number on this recovery gives them; null without a recovery, or before its jump.</summary>
    public async Task<long?> FirstAsync(CancellationToken cancellationToken)
    {
        if (options.Value.Since is not { } since)
        {
            return null;
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<long?>(
            "SELECT last + 1 FROM gateway.number_jump WHERE since = @since", new { since }, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "After a restore, merchant numbers are given from {First} on")]
    private partial void LogJumped(long first);
}
