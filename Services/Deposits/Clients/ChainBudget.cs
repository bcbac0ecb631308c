using System.Collections.Concurrent;
using System.Threading.RateLimiting;
using ArdorQr.Contracts;

namespace ArdorQr.Deposits.Clients;

/// <summary>How many requests per second each chain's API is asked at most; a request beyond waits its turn.</summary>
internal sealed class ChainBudget(Worlds worlds) : IDisposable
{
    private const int MaxWaiting = 1_000;

    private readonly ConcurrentDictionary<Mode, TokenBucketRateLimiter> _limiters = [];

    public void Dispose()
    {
        foreach (var limiter in _limiters.Values)
        {
            limiter.Dispose();
        }
    }

    private TokenBucketRateLimiter LimiterOf(Mode mode) => _limiters.GetOrAdd(mode, key =>
    {
        var perSecond = worlds.Find(key)!.Options.ChainRequestsPerSecond;
        return new TokenBucketRateLimiter(new TokenBucketRateLimiterOptions
        {
            TokenLimit = perSecond,
            TokensPerPeriod = perSecond,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            QueueLimit = MaxWaiting,
        });
    });

    /// <summary>Lets a mode's requests through within the budget.</summary>
    internal sealed class Handler(ChainBudget budget, Mode mode) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            using var turn = await budget.LimiterOf(mode).AcquireAsync(1, cancellationToken);
            return turn.IsAcquired
                ? await base.SendAsync(request, cancellationToken)
                : throw new HttpRequestException("Too many requests to the chain wait already.");
        }
    }
}
