using ArdorQr.Payments.Database;

namespace ArdorQr.Payments.Features;

/// <summary>
/// An entry of a payment's <c>timeline</c>: of <c>type</c> <c>state</c> with the state it took, or <c>rail</c> with the
/// number of the turn, what was done (<c>submit</c>, <c>ask</c>, <c>cancel</c>) and what the rail said.
/// </summary>
internal sealed record TimelineView(
    DateTimeOffset At, string Type, string? State, int? Turn, string? Action, string? Answer)
{
    public static TimelineView Of(TimelineRow row) => new(
        row.At, row.State is null ? "rail" : "state", row.State, row.Turn, row.Action, row.Answer);
}
