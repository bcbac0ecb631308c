using System.Text.Json;
using ArdorQr.Gateway.Database;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>A run of the reconciliation across services, as operators see it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Night">Of a nightly one: the night, by Europe/Moscow.</param>
/// <param name="RequestedBy">Of one that was asked for: by whom.</param>
/// <param name="State">waiting, running, done or failed.</param>
/// <param name="From">What is older was not compared.</param>
/// <param name="Until">What changed later is in flight and was not judged.</param>
/// <param name="Compared">How many rows of each book.</param>
/// <param name="Discrepancies">How many were found.</param>
/// <param name="Failure">Why it came to no result, or was broken off before.</param>
/// <param name="CreatedAt">When it was due or asked for.</param>
/// <param name="FinishedAt">Null until it has ended.</param>
internal sealed record ReconciliationView(
    Guid Id, DateOnly? Night, string? RequestedBy, string State, DateTimeOffset From, DateTimeOffset Until,
    JsonElement Compared, long Discrepancies, string? Failure, DateTimeOffset CreatedAt, DateTimeOffset? FinishedAt)
{
    public static ReconciliationView Of(RunRow row) => new(
        row.Id, row.Night is { } night ? DateOnly.FromDateTime(night) : null, row.RequestedBy, row.State, row.FromAt,
        row.UntilAt, JsonSerializer.Deserialize<JsonElement>(row.Compared), row.Discrepancies, row.Failure, row.CreatedAt,
        row.FinishedAt);
}
