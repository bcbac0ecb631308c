using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Features.Operators;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Recovery;

namespace ArdorQr.Gateway.Features.Recovery;

/// <summary>
/// After a restore: merchants of shortly before the restored state are told of again, because the broker, which wasn't
/// restored, has forgotten what Deposits had not yet taken: each must have its address.
/// </summary>
internal sealed class AnnounceMerchantsAgain(ServiceDatabase database) : IRecoveryStep
{
    private const int MaxBatch = 500;

    private Guid _after;
    private bool _isThrough;

    public async Task<string?> MatchAsync(
        RecoveryEpisode episode, DateTimeOffset from, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT id, number, name, status, created_at FROM gateway.merchant
            WHERE created_at BETWEEN @from AND @until AND id > @after
            ORDER BY id
            LIMIT @limit
            """;
        while (!_isThrough)
        {
            await using var transaction = await database.BeginAsync(cancellationToken);
            var batch = (await transaction.QueryAsync<MerchantRow>(
                sql, new { from, until = episode.BegunAt, after = _after, limit = MaxBatch }, cancellationToken)).ToList();
            foreach (var merchant in batch)
            {
                transaction.Enqueue(RegisterMerchant.RegisteredEvent(merchant));
            }

            await transaction.CommitAsync(cancellationToken);
            _isThrough = batch.Count < MaxBatch;
            _after = batch.Count > 0 ? batch[^1].Id : _after;
        }

        return null;
    }
}
