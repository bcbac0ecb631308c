using System.Text;
using System.Text.Json;
using ArdorQr.Gateway.Clients;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// POST /operator/approvals/{id}/approve and /reject: the second operator's word. An approval is committed first and
/// carried out then; whoever approved it may say so again until it is carried out, which is done once.
/// </summary>
internal sealed class DecideApproval(
    ServiceDatabase database, AuditLog audit, AdjustBalance adjust, SettlePayment settle)
{
    public async Task<IResult> ApproveAsync(HttpContext context, Guid id, CancellationToken cancellationToken)
    {
        if (await DecideAsync(context, id, ApprovalRow.Approved, cancellationToken) is not { } approval)
        {
            return CommonErrors.NotFound.ToResult();
        }

        var answer = approval.Action == ApprovalRow.Adjust
            ? await adjust.ExecuteAsync(
                context, JsonSerializer.Deserialize<LedgerClient.Adjustment>(approval.Body, ApiJson.Options)!, cancellationToken)
            : await settle.ExecuteAsync(
                context, approval.SubjectId, Encoding.UTF8.GetBytes(approval.Body), approval.Reason, cancellationToken);
        await Approvals.DoneAsync(database, id, cancellationToken);
        return answer;
    }

    public async Task<IResult> RejectAsync(HttpContext context, Guid id, CancellationToken cancellationToken) =>
        await DecideAsync(context, id, ApprovalRow.Rejected, cancellationToken) is { } approval
            ? Results.Ok(ApprovalView.Of(approval))
            : CommonErrors.NotFound.ToResult();

    private async Task<ApprovalRow?> DecideAsync(
        HttpContext context, Guid id, string decision, CancellationToken cancellationToken)
    {
        var reason = await Reason.OptionalAsync(context, cancellationToken);
        var @operator = OperatorIdentity.Of(context).Name;
        await using var transaction = await database.BeginAsync(cancellationToken);
        if (await Approvals.LockAsync(transaction, id, cancellationToken) is not { } approval)
        {
            return null;
        }

        if (approval.Decision == decision && approval.DecidedBy == @operator)
        {
            return approval; // Said again: what it came to is answered once more.
        }

        if (approval.Status != "pending")
        {
            throw new RejectedException(GatewayErrors.ApprovalDecided);
        }

        // The database says so too.
        if (approval.RequestedBy == @operator)
        {
            throw new RejectedException(GatewayErrors.SecondOperatorNeeded);
        }

        await Approvals.DecideAsync(transaction, id, decision, @operator, cancellationToken);
        await audit.AddAsync(
            transaction, context, @operator,
            new AuditEntry(
                $"{approval.Action}.{decision}", $"{approval.SubjectId}", approval.MerchantId, reason,
                new { status = "pending", approval.RequestedBy }, new { status = decision }),
            cancellationToken);
        var decided = await Approvals.LockAsync(transaction, id, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return decided;
    }
}

/// <summary>The routes of <see cref="DecideApproval"/>, and the list of what waits.</summary>
internal static class ApprovalRoutes
{
    private sealed record Response(IReadOnlyList<ApprovalView> Approvals);

    public static void MapApprovals(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/operator/approvals", ListAsync).WithName("ListApprovals");
        routes.MapPost("/operator/approvals/{id}/approve", ApproveAsync).WithName("Approve").Needs(OperatorRoles.Finance);
        routes.MapPost("/operator/approvals/{id}/reject", RejectAsync).WithName("Reject").Needs(OperatorRoles.Finance);
    }

    private static async Task<IResult> ListAsync(
        HttpRequest request, [FromServices] ServiceDatabase database, CancellationToken cancellationToken) =>
        Results.Ok(new Response([.. (await Approvals.ListAsync(
            database, ListQuery.Limit(request), ListQuery.Before(request), cancellationToken)).Select(ApprovalView.Of)]));

    private static Task<IResult> ApproveAsync(
        string id, HttpContext context, [FromServices] DecideApproval feature, CancellationToken cancellationToken) =>
        feature.ApproveAsync(context, ListQuery.Id(id), cancellationToken);

    private static Task<IResult> RejectAsync(
        string id, HttpContext context, [FromServices] DecideApproval feature, CancellationToken cancellationToken) =>
        feature.RejectAsync(context, ListQuery.Id(id), cancellationToken);
}
