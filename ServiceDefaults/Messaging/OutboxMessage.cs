using System.Diagnostics;
using System.Text.Json;
using ArdorQr.Contracts.Events;

namespace ArdorQr.ServiceDefaults.Messaging;

/// <summary>An event as the outbox keeps it: serialized, named, and with the trace that it belongs to.</summary>
internal sealed record OutboxMessage(Guid EventId, string MessageType, string Body, string? Traceparent)
{
    /// <summary>In characters: four times what a request may bring, and far below what the broker takes.</summary>
    public const int MaxBodyLength = 256 * 1024;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>The row's own key, given by the database on insertion.</summary>
    public long OutboxId { get; init; }

    /// <summary>When its lease began, as a timestamp of <see cref="Stopwatch"/>: leases run by real time, not by a clock.</summary>
    public long LeasedAt { get; init; }

    public TimeSpan LeasedFor => Stopwatch.GetElapsedTime(LeasedAt);

    /// <exception cref="InvalidOperationException">
    /// The body is too long. Better now, when the change fails with it, than a row that can never be sent.
    /// </exception>
    public static OutboxMessage Of<TEvent>(TEvent message)
        where TEvent : class, IIntegrationEvent
    {
        var (name, body) = (EventTypes.Of(typeof(TEvent)).Name, JsonSerializer.Serialize(message, Json));
        return body.Length <= MaxBodyLength
            ? new(message.EventId, name, body, Activity.Current?.Id)
            : throw new InvalidOperationException($"{name} has {body.Length} characters, {MaxBodyLength} are the most.");
    }

    public object ToEvent() => JsonSerializer.Deserialize(Body, EventTypes.Of(MessageType).Type, Json)!;
}
