namespace ArdorQr.Gateway.Domain;

/// <summary>
/// How many requests one subject has made lately. Windows have a fixed length; of the one before, the share counts that
/// the last window's length of time still covers. Others' requests, made at other replicas, are told from outside.
/// </summary>
internal sealed class SlidingCount
{
    /// <summary>
    /// Added before a wait is rounded up to whole seconds: one that comes out whole, and a rounding too short, would be told
    /// to no avail. Seconds since 1970 are exact to a quarter of a microsecond.
    /// </summary>
    private const double RoundingSeconds = 0.001;

    private readonly Lock _gate = new();
    private long _window;
    private int _own;
    private int _before;

    /// <summary>What became of one request.</summary>
    /// <param name="IsTaken">Whether it may go on.</param>
    /// <param name="Remaining">How many more may follow at once.</param>
    /// <param name="RetryAfterSeconds">When the next has a chance; 0 for one that was taken.</param>
    /// <param name="ResetSeconds">When the present window ends.</param>
    internal readonly record struct Verdict(bool IsTaken, int Remaining, int RetryAfterSeconds, int ResetSeconds);

    /// <summary>What this replica has let through in the window that <paramref name="now"/> lies in.</summary>
    public int OwnIn(long window)
    {
        lock (_gate)
        {
            return window == _window ? _own : 0;
        }
    }

    /// <summary>Takes one request if there is room for it.</summary>
    /// <param name="now">Seconds since 1970; replicas' clocks must agree, as for everything else that expires.</param>
    /// <param name="rule">How many in how long.</param>
    /// <param name="others">What other replicas have let through in this window, and in the one before.</param>
    public Verdict Take(double now, RateRule rule, (int Now, int Before) others = default)
    {
        var window = rule.WindowAt(now);
        var passed = (now / rule.WindowSeconds) - window;
        lock (_gate)
        {
            Turn(window);
            var used = _own + others.Now;
            var before = _before + others.Before;
            var counted = used + (before * (1 - passed));
            var reset = (int)Math.Ceiling((1 - passed) * rule.WindowSeconds);
            if (counted + 1 > rule.Requests)
            {
                return new(false, 0, RetryAfter(used, before, passed, rule), reset);
            }

            _own++;
            return new(true, (int)(rule.Requests - counted - 1), 0, reset);
        }
    }

    private void Turn(long window)
    {
        if (window == _window)
        {
            return;
        }

        (_before, _own, _window) = (window == _window + 1 ? _own : 0, 0, window);
    }

    /// <summary>When the share of what counts now has shrunk enough, if nothing more comes.</summary>
    private static int RetryAfter(int used, int before, double passed, RateRule rule)
    {
        var room = rule.Requests - 1 - used;
        var share = room >= 0
            ? 1 - ((double)room / Math.Max(before, 1)) - passed
            : 1 - passed + (1 - ((double)(rule.Requests - 1) / used));
        return Math.Max(1, (int)Math.Ceiling((share * rule.WindowSeconds) + RoundingSeconds));
    }
}

/// <summary>So many requests in so many seconds.</summary>
internal sealed record RateRule(int Requests, int WindowSeconds)
{
    public string Policy { get; } = $"{Requests};w={WindowSeconds}";

    public string Limit { get; } = $"{Requests}";

    public long WindowAt(double now) => (long)(now / WindowSeconds);
}
