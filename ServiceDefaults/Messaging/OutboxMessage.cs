using System.Diagnostics;
using System.Text.Json;
using ArdorQr.Contracts.Events;

namespace ArdorQr.ServiceDefaults.Messaging;

/// <summary>An event as the outbox keeps it: serialized, named, and with the trace that it belongs to.</summary>
internal sealed record OutboxMessage(Guid EventId, string MessageType, string Body, string? Traceparent)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>The row's own key, given by the database on insertion.</summary>
    public long OutboxId { get; init; }

    public int Attempts { get; init; }

    public static OutboxMessage Of<TEvent>(TEvent message)
        where TEvent : class, IIntegrationEvent =>
        new(message.EventId, EventTypes.Of(typeof(TEvent)).Name, JsonSerializer.Serialize(message, Json), Activity.Current?.Id);

    public object ToEvent() => JsonSerializer.Deserialize(Body, EventTypes.Of(MessageType).Type, Json)!;
}
