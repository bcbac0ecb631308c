namespace ArdorQr.Webhooks.Domain;

/// <summary>
/// When an endpoint that doesn't answer is left alone, so that its time-outs don't take the places of others: after
/// some attempts in a row without an answer it rests, is tried by one attempt, and rests twice as long if that fails.
/// </summary>
internal static class Circuit
{
    /// <summary>So many attempts without an answer, one after the other, open the circuit.</summary>
    public const int UnansweredToOpen = 5;

    /// <summary>The first rest; each further one is twice as long.</summary>
    public const int FirstRestSeconds = 5;

    /// <summary>The longest rest: far below the waits between a delivery's later attempts.</summary>
    public const int LongestRestSeconds = 300;

    /// <summary>A good answer that takes longer makes an endpoint a slow one.</summary>
    public static readonly TimeSpan SlowAfter = TimeSpan.FromSeconds(2);

    public static bool IsSlow(Answer answer) => answer.Duration > SlowAfter;
}
