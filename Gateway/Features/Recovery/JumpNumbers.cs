using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Recovery;
using Microsoft.Extensions.Options;

namespace ArdorQr.Gateway.Features.Recovery;

/// <summary>
/// After a restore: merchant numbers that were given since the restored state are left out, and no merchant is registered
/// before. A number is an address on the chain: given twice, one merchant's money would be another's.
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
        // Two replicas at once may jump twice, which is once too often and no harm.
        const string sql =
            """
            INSERT INTO gateway.number_jump (since, last)
            SELECT @Since, gateway.jump_merchant_number(@NumberJump)
            WHERE NOT EXISTS (SELECT FROM gateway.number_jump WHERE since = @Since)
            ON CONFLICT DO NOTHING
            """;
        if (!_hasJumped)
        {
            await using var connection = await database.OpenAsync(cancellationToken);
            var jumps = await connection.ExecuteAsync(
                sql, new { episode.Since, options.Value.NumberJump }, cancellationToken);
            if (jumps > 0)
            {
                LogJumped(options.Value.NumberJump);
            }

            _hasJumped = true;
        }

        return null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} merchant numbers are left out after a restore")]
    private partial void LogJumped(int count);
}
