namespace ArdorQr.Payments.Domain;

/// <summary>When a rail that hasn't said its final word is asked again.</summary>
internal static class AskSchedule
{
    private static readonly int[] DelaysSeconds = [1, 2, 5, 15, 30, 60];

    /// <param name="turnsTaken">Turns already taken for this payment, 1 or more.</param>
    /// <returns>Seconds to wait: 1, 2, 5, 15, 30, then 60 each time.</returns>
    public static int DelaySeconds(int turnsTaken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(turnsTaken, 1);
        return DelaysSeconds[Math.Min(turnsTaken, DelaysSeconds.Length) - 1];
    }
}
