using System.Text.Json;
using ArdorQr.Gateway.Database;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>A request that waits, or waited, for a second operator.</summary>
internal sealed record ApprovalView(
    Guid Id, string Action, Guid SubjectId, Guid? MerchantId, string Status, JsonElement Request, string Reason,
    string RequestedBy, DateTimeOffset RequestedAt, DateTimeOffset ExpiresAt, string? DecidedBy, DateTimeOffset? DecidedAt,
    DateTimeOffset? DoneAt)
{
    public static ApprovalView Of(ApprovalRow row) => new(
        row.Id, row.Action, row.SubjectId, row.MerchantId, row.Status, JsonSerializer.Deserialize<JsonElement>(row.Body),
        row.Reason, row.RequestedBy, row.RequestedAt, row.ExpiresAt, row.DecidedBy, row.DecidedAt, row.DoneAt);
}

/// <summary>The answer 202 to what waits for a second operator.</summary>
internal sealed record ApprovalAnswer(ApprovalView Approval)
{
    public static IResult Of(ApprovalRow row) =>
        Results.Json(new ApprovalAnswer(ApprovalView.Of(row)), statusCode: StatusCodes.Status202Accepted);
}
