namespace ArdorQr.Contracts.Events;

/// <summary>
/// Marks an event that is of use even when no service listens yet. All other events are published mandatory: one that
/// reached no queue stays in its owner's outbox.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class MayGoUnheardAttribute : Attribute;
