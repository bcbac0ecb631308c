using System.Collections.Frozen;
using ArdorQr.Gateway.Domain;
using ArdorQr.Gateway.Features;
using ArdorQr.ServiceDefaults.Database;
using Microsoft.Extensions.Options;

namespace ArdorQr.Gateway.Database;

/// <summary>
/// The requests of keys, counted here and shared between replicas through our database. Only keys that have used a good
/// part of their limit are shared: all others cost no statement, and can't exceed it unless there are more replicas than
/// <see cref="SharedFrom"/> parts. Between two exchanges replicas don't know of each other's newest requests.
/// </summary>
internal sealed class RateUses(ServiceDatabase database, IOptions<LimitOptions> options, TimeProvider time)
{
    private const int GenerationOfKeys = 50_000;

    /// <summary>A key is shared from this part of its limit on: one eighth.</summary>
    private const int SharedFrom = 8;

    private const int MaxShared = 10_000;

    private static readonly FrozenDictionary<Guid, (int Now, int Before)> Nobody =
        FrozenDictionary<Guid, (int, int)>.Empty;

    private readonly GenerationCache<Guid, SlidingCount> _counts = new(GenerationOfKeys);
    private readonly RateRule _rule = options.Value.KeyRule;
    private readonly Guid _replica = Guid.CreateVersion7(time.GetUtcNow());
    private readonly System.Collections.Concurrent.ConcurrentDictionary<Guid, SlidingCount> _busy = [];
    private (long Window, FrozenDictionary<Guid, (int Now, int Before)> Uses) _others = (0, Nobody);

    /// <summary>Takes one request of the key if its limit has room.</summary>
    public SlidingCount.Verdict Take(Guid keyId)
    {
        var now = Now();
        var count = _counts.GetOrAdd(keyId, static _ => new SlidingCount());
        var verdict = count.Take(now, _rule, OthersOf(keyId, _rule.WindowAt(now)));
        if (verdict.Remaining < _rule.Requests - (_rule.Requests / SharedFrom) && _busy.Count < MaxShared)
        {
            _busy.TryAdd(keyId, count);
        }

        return verdict;
    }

    /// <summary>Tells the other replicas what busy keys have used here, and learns what they have used there.</summary>
    public async Task ExchangeAsync(CancellationToken cancellationToken)
    {
        const string tellSql =
            """
            INSERT INTO gateway.rate_use (key_id, time_window, replica, used)
            SELECT key_id, @window, @replica, used FROM unnest(@keys, @uses) AS own (key_id, used)
            ON CONFLICT (time_window, key_id, replica) DO UPDATE SET used = excluded.used
            """;
        const string learnSql =
            """
            SELECT key_id, time_window, sum(used)::int AS used
            FROM gateway.rate_use
            WHERE time_window >= @window - 1 AND replica <> @replica
            GROUP BY key_id, time_window
            LIMIT @limit
            """;
        var window = _rule.WindowAt(Now());
        var own = BusyIn(window);
        await using var connection = await database.OpenAsync(cancellationToken);
        if (own.Count > 0)
        {
            await connection.ExecuteAsync(
                tellSql,
                new
                {
                    window,
                    replica = _replica,
                    keys = own.Select(use => use.Key).ToArray(),
                    uses = own.Select(use => use.Used).ToArray(),
                },
                cancellationToken);
        }

        var rows = await connection.QueryAsync<(Guid KeyId, long Window, int Used)>(
            learnSql, new { window, replica = _replica, limit = 2 * MaxShared }, cancellationToken);
        var uses = rows.GroupBy(row => row.KeyId).ToFrozenDictionary(
            group => group.Key,
            group => (group.Where(row => row.Window == window).Sum(row => row.Used),
                group.Where(row => row.Window == window - 1).Sum(row => row.Used)));
        _others = (window, uses);
    }

    /// <summary>Removes what counts no more.</summary>
    public async Task CleanUpAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(
            "DELETE FROM gateway.rate_use WHERE time_window < @window - 1", new { window = _rule.WindowAt(Now()) },
            cancellationToken);
    }

    private List<(Guid Key, int Used)> BusyIn(long window)
    {
        var own = new List<(Guid, int)>();
        foreach (var (key, count) in _busy)
        {
            if (count.OwnIn(window) is > 0 and var used)
            {
                own.Add((key, used));
            }
            else
            {
                _busy.TryRemove(key, out _); // It comes back as soon as it is busy again.
            }
        }

        return own;
    }

    private (int Now, int Before) OthersOf(Guid keyId, long window)
    {
        var (seenIn, uses) = _others;
        if (uses.Count == 0 || !uses.TryGetValue(keyId, out var others))
        {
            return default;
        }

        return window == seenIn ? others : window == seenIn + 1 ? (0, others.Now) : default;
    }

    private double Now() => time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
}
