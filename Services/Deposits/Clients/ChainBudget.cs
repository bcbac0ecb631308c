using System.Collections.Concurrent;
using System.Threading.RateLimiting;
using ArdorQr.Contracts;

namespace ArdorQr.Deposits.Clients;

/// <summary>Who asks a chain: the watch that merchants wait for, or the slow walk over all wallets.</summary>
internal enum ChainUse
{
    Watch,
    Reconciliation,
}

/// <summary>
/// How many requests per second each chain's API is asked at most. Each use has a fixed share of that, so that neither
/// can starve the other; a request beyond waits its turn.
/// </summary>
internal sealed class ChainBudget(Worlds worlds) : IDisposable
{
    private const int MaxWaiting = 1_000;
    private const double BurstSeconds = 0.2; // More at once would be over the limit of an API that counts by the second.

    private static readonly TimeSpan Refill = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentDictionary<(Mode, ChainUse), TokenBucketRateLimiter> _limiters = [];

    public void Dispose()
    {
        foreach (var limiter in _limiters.Values)
        {
            limiter.Dispose();
        }
    }

    /// <summary>Requests per second that a use may make.</summary>
    public static double PerSecond(WorldOptions options, ChainUse use)
    {
        var reserved = options.ChainRequestsPerSecond * options.ReconciliationSharePercent / 100.0;
        return use == ChainUse.Reconciliation ? reserved : options.ChainRequestsPerSecond - reserved;
    }

    private TokenBucketRateLimiter LimiterOf(Mode mode, ChainUse use) => _limiters.GetOrAdd((mode, use), key =>
    {
        var perSecond = PerSecond(worlds.Find(key.Item1)!.Options, key.Item2);
        var perRefill = perSecond * Refill.TotalSeconds;
        return new TokenBucketRateLimiter(new TokenBucketRateLimiterOptions
        {
            TokenLimit = Math.Max(1, (int)(perSecond * BurstSeconds)),
            TokensPerPeriod = Math.Max(1, (int)perRefill),
            ReplenishmentPeriod = perRefill >= 1 ? Refill * ((int)perRefill / perRefill) : Refill / perRefill,
            QueueLimit = MaxWaiting,
        });
    });

    /// <summary>Lets a use's requests through within its share.</summary>
    internal sealed class Handler(ChainBudget budget, Mode mode, ChainUse use) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            using var turn = await budget.LimiterOf(mode, use).AcquireAsync(1, cancellationToken);
            return turn.IsAcquired
                ? await base.SendAsync(request, cancellationToken)
                : throw new HttpRequestException("Too many requests to the chain wait already.");
        }
    }
}
