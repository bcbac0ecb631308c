using ArdorQr.Contracts.Events;
using ArdorQr.ServiceDefaults.Database;
using MassTransit;

namespace ArdorQr.Gateway.Features;

/// <summary>
/// CheckpointSigned → kept here as it came, for good: the operators' witness against a Ledger database that was rewritten.
/// </summary>
internal sealed class KeepCheckpoint(ServiceDatabase database) : IConsumer<CheckpointSigned>
{
    public const string Queue = "gateway.checkpoint-signed";

    public async Task Consume(ConsumeContext<CheckpointSigned> context)
    {
        // The event's id is the row's key, so that a redelivered one changes nothing.
        const string sql =
            """
            INSERT INTO gateway.checkpoint (
                event_id, merchant_id, mode, sequence, hash, balance_kopecks, created_at, key_id, public_key, signature)
            VALUES (
                @EventId, @MerchantId, @Mode, @Sequence, @Hash, @BalanceMinor, @CreatedAt, @KeyId, @PublicKey, @Signature)
            ON CONFLICT DO NOTHING
            """;
        var (message, cancellationToken) = (context.Message, context.CancellationToken);
        await using var connection = await database.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(sql, message, cancellationToken);
    }
}
