using MassTransit;

namespace ArdorQr.Contracts.Events;

/// <summary>
/// What every event has. An event is named by a stable URN and published by one owner; delivery is at least once and
/// unordered, and <see cref="EventId"/> is what consumers deduplicate by.
/// </summary>
[ExcludeFromTopology]
public interface IIntegrationEvent
{
    /// <summary>UUID v7, given once by the owner; a repeated sending carries the same id.</summary>
    Guid EventId { get; }

    /// <summary>When the owner's change was made, UTC, to the microsecond; increasing per object.</summary>
    DateTimeOffset CreatedAt { get; }
}
