namespace ArdorQr.Testing;

/// <summary>Waits for something that becomes true by itself, where there is no event to await.</summary>
public static class Eventually
{
    private const int LimitSeconds = 30;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    /// <param name="condition">Asked again and again.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <param name="limitSeconds">How long at most.</param>
    /// <param name="otherwise">What to tell of it when it didn't become true.</param>
    /// <param name="pause">Between two questions; longer than usual for one that costs much.</param>
    /// <exception cref="TimeoutException">It was still not true after that time.</exception>
    public static async Task TrueAsync(
        Func<Task<bool>> condition, CancellationToken cancellationToken, int limitSeconds = LimitSeconds,
        Func<string>? otherwise = null, TimeSpan? pause = null)
    {
        var until = TimeProvider.System.GetUtcNow().AddSeconds(limitSeconds);
        while (!await condition())
        {
            if (TimeProvider.System.GetUtcNow() > until)
            {
                throw new TimeoutException($"Still not true after {limitSeconds} s. {otherwise?.Invoke()}");
            }

            await Task.Delay(pause ?? Pause, cancellationToken);
        }
    }
}
