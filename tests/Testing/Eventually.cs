namespace ArdorQr.Testing;

/// <summary>Waits for something that becomes true by itself, where there is no event to await.</summary>
public static class Eventually
{
    private const int LimitSeconds = 30;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    /// <exception cref="TimeoutException">It was still not true after 30 s.</exception>
    public static async Task TrueAsync(Func<Task<bool>> condition, CancellationToken cancellationToken, int limitSeconds = LimitSeconds)
    {
        var until = TimeProvider.System.GetUtcNow().AddSeconds(limitSeconds);
        while (!await condition())
        {
            if (TimeProvider.System.GetUtcNow() > until)
            {
                throw new TimeoutException($"Still not true after {limitSeconds} s.");
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }
}
