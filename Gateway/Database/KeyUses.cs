using System.Collections.Concurrent;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Gateway.Database;

/// <summary>When keys were last used, gathered in memory and written in batches: a request costs no write.</summary>
internal sealed class KeyUses(ServiceDatabase database, TimeProvider time)
{
    private const int MaxBatch = 1_000;

    /// <summary>UTC ticks: a value of one word is set in its place, a larger one would be a new object each time.</summary>
    private readonly ConcurrentDictionary<Guid, long> _lastUse = [];

    public void Note(Guid keyId) => _lastUse[keyId] = time.GetUtcNow().UtcTicks;

    /// <summary>Writes all that was gathered. What can't be written is kept for the next time.</summary>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        foreach (var batch in _lastUse.ToArray().OrderBy(use => use.Key).Chunk(MaxBatch))
        {
            await WriteAsync(batch, cancellationToken);
            foreach (var use in batch)
            {
                _lastUse.TryRemove(use); // Only with that very time: a use noted meanwhile stays for the next batch.
            }
        }
    }

    private async Task WriteAsync(KeyValuePair<Guid, long>[] uses, CancellationToken cancellationToken)
    {
        // Rows are locked in the order of ids: two replicas that write the same keys never wait for each other in a ring.
        const string sql =
            """
            WITH uses AS (SELECT * FROM unnest(@ids, @times) AS used (id, at)),
            locked AS (
                SELECT id, uses.at FROM gateway.api_key JOIN uses USING (id)
                ORDER BY id FOR NO KEY UPDATE OF api_key)
            UPDATE gateway.api_key SET last_used_at = locked.at
            FROM locked
            WHERE api_key.id = locked.id AND (api_key.last_used_at IS NULL OR api_key.last_used_at < locked.at)
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(sql, new
        {
            ids = uses.Select(use => use.Key).ToArray(),
            times = uses.Select(use => new DateTime(use.Value, DateTimeKind.Utc)).ToArray(),
        }, cancellationToken);
    }
}
