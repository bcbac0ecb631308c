using ArdorQr.Payments.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Recovery;

namespace ArdorQr.Payments.Features.Recovery;

/// <summary>
/// After a restore: the rail is asked, by its id, for each payment that the restored state has as under way, before
/// anything may be submitted. What it has ended is recorded; what it has never seen stays, and is submitted once the
/// recovery has ended.
/// </summary>
internal sealed class AskOpenPayments(ServiceDatabase database, ExecutePayment turn) : IRecoveryStep
{
    private const int MaxBatch = 200;
    private const int AskedAtOnce = 8;

    private Guid _after;
    private bool _isThrough;

    public async Task<string?> MatchAsync(
        RecoveryEpisode episode, DateTimeOffset from, CancellationToken cancellationToken)
    {
        while (!_isThrough)
        {
            var batch = await NextAsync(episode.BegunAt, cancellationToken);
            await Parallel.ForEachAsync(
                batch, new ParallelOptions { MaxDegreeOfParallelism = AskedAtOnce, CancellationToken = cancellationToken },
                async (paymentId, token) => await turn.HearAsync(paymentId, token));
            _isThrough = batch.Count < MaxBatch;
            _after = batch.Count > 0 ? batch[^1] : _after;
        }

        return null;
    }

    private async Task<IReadOnlyList<Guid>> NextAsync(DateTimeOffset begunAt, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT payment_id FROM payments.submission JOIN payments.payment USING (payment_id)
            WHERE due_at IS NOT NULL AND created_at <= @begunAt AND payment_id > @after
            ORDER BY payment_id
            LIMIT @limit
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return [.. await connection.QueryAsync<Guid>(
            sql, new { begunAt, after = _after, limit = MaxBatch }, cancellationToken)];
    }
}
