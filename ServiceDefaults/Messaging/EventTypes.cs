using System.Collections.Frozen;
using System.Reflection;
using ArdorQr.Contracts.Events;
using MassTransit;

namespace ArdorQr.ServiceDefaults.Messaging;

/// <summary>Every event of Contracts by its stable name, so that a stored row doesn't depend on a class's name.</summary>
internal static class EventTypes
{
    private static readonly FrozenDictionary<string, EventType> ByName = typeof(IIntegrationEvent).Assembly.GetTypes()
        .Where(type => type is { IsClass: true, IsAbstract: false } && type.IsAssignableTo(typeof(IIntegrationEvent)))
        .Select(type => new EventType(
            type.GetCustomAttribute<EntityNameAttribute>()!.EntityName,
            type,
            Mandatory: !type.IsDefined(typeof(MayGoUnheardAttribute))))
        .ToFrozenDictionary(type => type.Name);

    private static readonly FrozenDictionary<Type, EventType> ByType = ByName.Values.ToFrozenDictionary(type => type.Type);

    public static EventType Of(string name) => ByName[name];

    public static EventType Of(Type type) => ByType[type];
}

/// <summary>An event's stable name, its class, and whether a queue must be there to take it.</summary>
internal sealed record EventType(string Name, Type Type, bool Mandatory);
