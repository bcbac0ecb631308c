using ArdorQr.Contracts.Events;
using ArdorQr.Deposits.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Recovery;

namespace ArdorQr.Deposits.Features.Recovery;

/// <summary>
/// After a restore: what deposits told shortly before the restored state is told again under the same ids, because the
/// broker, which wasn't restored, has forgotten what Webhooks had not yet taken. Who has it takes no notice.
/// </summary>
internal sealed class AnnounceAgain(ServiceDatabase database) : IRecoveryStep
{
    private const int MaxBatch = 500;

    private Guid _after;
    private bool _isThrough;

    public async Task<string?> MatchAsync(
        RecoveryEpisode episode, DateTimeOffset from, CancellationToken cancellationToken)
    {
        while (!_isThrough)
        {
            await using var transaction = await database.BeginAsync(cancellationToken);
            var batch = await NextAsync(transaction, from, episode.BegunAt, cancellationToken);
            foreach (var row in batch)
            {
                Announce(transaction, row);
            }

            await transaction.CommitAsync(cancellationToken);
            _isThrough = batch.Count < MaxBatch;
            _after = batch.Count > 0 ? batch[^1].DepositId : _after;
        }

        return null;
    }

    private async Task<IReadOnlyList<DepositRow>> NextAsync(
        ServiceTransaction transaction, DateTimeOffset from, DateTimeOffset until, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            SELECT {DepositRow.Columns} FROM deposits.deposit
            WHERE created_at <= @until AND (created_at >= @from OR credited_at >= @from)
              AND detected_event_id IS NOT NULL AND deposit_id > @after
            ORDER BY deposit_id
            LIMIT @limit
            """;
        return [.. await transaction.QueryAsync<DepositRow>(
            sql, new { from, until, after = _after, limit = MaxBatch }, cancellationToken)];
    }

    private static void Announce(ServiceTransaction transaction, DepositRow row)
    {
        transaction.Enqueue(StoreDeposit.DetectedEvent(
            row with { Status = DepositRow.Pending, OperationId = null, CreditedAt = null }));
        if (row.CreditedEventId is not null)
        {
            transaction.Enqueue(MarkCredited.CreditedEvent(row));
        }
    }
}
