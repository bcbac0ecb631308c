using System.Net;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;

namespace ArdorQr.Gateway.Features;

/// <summary>
/// Counts wrong secrets by address. Past the limit an address has to wait before it may try another one: guessing costs
/// time, and no look-up of ours.
/// </summary>
internal sealed class GuessGuard(RateRule rule, TimeProvider time)
{
    private const int GenerationOfAddresses = 20_000;

    private readonly GenerationCache<ulong, Failures> _failures = new(GenerationOfAddresses);

    /// <summary>How many seconds the address has to wait; 0 when it may try.</summary>
    public int WaitOf(IPAddress? address) =>
        _failures.TryGet(AddressKey.Of(address), out var failures) ? failures.WaitAt(Now()) : 0;

    public void Failed(IPAddress? address)
    {
        var failures = _failures.GetOrAdd(AddressKey.Of(address), static _ => new Failures());
        failures.Add(Now(), rule);
    }

    private double Now() => time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;

    private sealed class Failures
    {
        private readonly SlidingCount _count = new();
        private double _blockedUntil;

        public int WaitAt(double now) => (int)Math.Ceiling(Math.Max(0, Volatile.Read(ref _blockedUntil) - now));

        public void Add(double now, RateRule rule)
        {
            if (_count.Take(now, rule) is { Remaining: 0 } full)
            {
                Volatile.Write(ref _blockedUntil, now + Math.Max(full.RetryAfterSeconds, full.ResetSeconds));
            }
        }
    }
}
