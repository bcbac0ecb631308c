using ArdorQr.Webhooks.Domain;

namespace ArdorQr.Webhooks.Database;

/// <summary>An attempt that was made and is to be recorded.</summary>
/// <param name="Claim">The lease.</param>
/// <param name="At">When the attempt was begun.</param>
/// <param name="Answer">What came of it.</param>
/// <param name="Wait">Until the next attempt after a failure; null when there is none.</param>
internal sealed record FinishedAttempt(ClaimedDelivery Claim, DateTimeOffset At, Answer Answer, TimeSpan? Wait)
{
    public int Number => Claim.Attempts + 1;

    /// <summary>What the delivery is after it.</summary>
    public string Status => Answer.IsSuccess ? "delivered" : Wait is null ? "failed" : "pending";

    /// <summary>It may say something new of its endpoint, whose row is to be held then.</summary>
    public bool ConcernsEndpoint => !Answer.IsSuccess || Claim.IsTroubled || Circuit.IsSlow(Answer);
}
