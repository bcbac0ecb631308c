using ArdorQr.Ledger.Domain;

namespace ArdorQr.Ledger.Features;

/// <summary>An event that the books contradict: it posts nothing, isn't answered, and ends as a dead letter.</summary>
internal sealed class EventDefectException(string message) : Exception(message);

/// <summary>What consumers make of outcomes.</summary>
internal static class EventDefects
{
    /// <summary>The transfer that answers the event.</summary>
    /// <exception cref="TimeoutException">The engine is full; transient, so the consumer tries again.</exception>
    /// <exception cref="EventDefectException">The books contradict the event.</exception>
    public static Transfer TransferOrDefect(this Outcome outcome, Guid eventId) => outcome switch
    {
        Outcome.Answered { Transfer: var transfer } => transfer,
        Outcome.Busy => throw new TimeoutException("Too many requests wait for the books."),
        Outcome.Conflict { Existing: var existing } =>
            throw new EventDefectException($"Event {eventId} contradicts transfer {existing.TransferId}."),
        Outcome.ClosedOtherwise { Closing: var closing } =>
            throw new EventDefectException(
                $"Event {eventId} would close debit {closing.DebitId}, which {closing.TransferId} closed the other way."),
        Outcome.DebitMissing =>
            throw new EventDefectException($"Event {eventId} names a debit that isn't posted here."),
        _ => throw new EventDefectException($"Event {eventId} ended as {outcome.GetType().Name}."),
    };

    /// <summary>The sums of an event.</summary>
    /// <exception cref="EventDefectException">They don't fit together.</exception>
    public static Sums SumsOrDefect(this Sums? sums, Guid eventId) =>
        sums ?? throw new EventDefectException($"Event {eventId} has sums that don't fit together.");
}
