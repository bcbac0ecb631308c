using System.Security.Cryptography;

namespace ArdorQr.Webhooks.Domain;

/// <summary>When the next attempt is made: ten attempts over about three days, each wait ± 20 %.</summary>
internal static class RetrySchedule
{
    /// <summary>Nothing but failures for so long disables an endpoint.</summary>
    public const int FailingHours = 120;

    private const int JitterBps = 2_000;
    private const int BasisPoints = 10_000;

    /// <summary>The wait before the first attempt, the second, …</summary>
    private static readonly TimeSpan[] Waits =
    [
        TimeSpan.Zero, TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30),
        TimeSpan.FromHours(2),
        TimeSpan.FromHours(5), TimeSpan.FromHours(10), TimeSpan.FromHours(14), TimeSpan.FromHours(20),
        TimeSpan.FromHours(24),
    ];

    public static int MaxAttempts => Waits.Length;

    /// <summary>The longest step, up to which a receiver's <c>Retry-After</c> is respected.</summary>
    public static TimeSpan LongestWait => Waits[^1];

    /// <summary>The wait after a failed attempt; null when it was the last one.</summary>
    /// <param name="attempt">The failed attempt's number, from 1.</param>
    /// <param name="retryAfter">What the receiver asked for, if it did; it can only lengthen the wait.</param>
    /// <param name="random">Spreads what failed together.</param>
    public static TimeSpan? WaitAfter(int attempt, TimeSpan? retryAfter, RandomNumberGenerator random)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(attempt, 1);
        if (attempt >= MaxAttempts)
        {
            return null;
        }

        var wait = Waits[attempt] * (BasisPoints + JitterOf(random)) / BasisPoints;
        var asked = retryAfter is not { } given ? TimeSpan.Zero : given < LongestWait ? given : LongestWait;
        return wait > asked ? wait : asked;
    }

    private static int JitterOf(RandomNumberGenerator random)
    {
        var bytes = new byte[sizeof(uint)];
        random.GetBytes(bytes);
        return (int)(BitConverter.ToUInt32(bytes) % ((2 * JitterBps) + 1)) - JitterBps;
    }
}
