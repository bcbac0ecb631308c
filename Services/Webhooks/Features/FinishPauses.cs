using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Hosting;
using ArdorQr.Webhooks.Database;

namespace ArdorQr.Webhooks.Features;

/// <summary>Marks the rest of the deliveries that a change of an endpoint left to be paused or resumed.</summary>
internal sealed class FinishPauses(
    ServiceDatabase database, DeliverySignal signal, TimeProvider time, ILogger<FinishPauses> logger)
    : RepeatedJob(Interval, "Pausing and resuming deliveries", time, logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private sealed record Owner
    {
        public Guid MerchantId { get; init; }
        public Mode Mode { get; init; } = Mode.Test;
    }

    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        while (await FinishOneAsync(cancellationToken))
        {
            signal.Wake();
        }
    }

    /// <summary>One batch of one endpoint; false when there is none left, or somebody holds what is.</summary>
    internal async Task<bool> FinishOneAsync(CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT merchant_id, mode FROM webhooks.endpoint WHERE pauses_unfinished
            ORDER BY merchant_id, mode LIMIT 1
            FOR NO KEY UPDATE SKIP LOCKED
            """;
        await using var transaction = await database.BeginAsync(cancellationToken);
        if (await transaction.QuerySingleOrDefaultAsync<Owner>(sql, null, cancellationToken) is not { } owner)
        {
            return false;
        }

        var endpoint = await EndpointLocks.TakeAsync(transaction, owner.MerchantId, owner.Mode, cancellationToken);
        var marked = await DeliveryPauses.SetAsync(
            transaction, owner.MerchantId, owner.Mode, paused: !endpoint.IsActive, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return marked > 0;
    }
}
