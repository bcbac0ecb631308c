using ArdorQr.Contracts.Events;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// POST /operator/merchants/{id}/suspend and /resume: its keys may only read, or act again, on every replica within a
/// second.
/// </summary>
internal static class SetMerchantStatus
{
    public static void MapSetMerchantStatus(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/operator/merchants/{id}/suspend", SuspendAsync).WithName("SuspendMerchant").Needs(OperatorRoles.Support);
        routes.MapPost("/operator/merchants/{id}/resume", ResumeAsync).WithName("ResumeMerchant").Needs(OperatorRoles.Support);
    }

    private static Task<IResult> SuspendAsync(
        string id, HttpContext context, [FromServices] ServiceDatabase database, [FromServices] AuditLog audit,
        [FromServices] TimeProvider time, CancellationToken cancellationToken) =>
        SetAsync(id, MerchantRow.Suspended, "merchant.suspend", context, database, audit, time, cancellationToken);

    private static Task<IResult> ResumeAsync(
        string id, HttpContext context, [FromServices] ServiceDatabase database, [FromServices] AuditLog audit,
        [FromServices] TimeProvider time, CancellationToken cancellationToken) =>
        SetAsync(id, MerchantRow.Active, "merchant.resume", context, database, audit, time, cancellationToken);

    private static async Task<IResult> SetAsync(
        string id, string status, string action, HttpContext context, ServiceDatabase database, AuditLog audit,
        TimeProvider time, CancellationToken cancellationToken)
    {
        var reason = await Reason.OptionalAsync(context, cancellationToken);
        await using var transaction = await database.BeginAsync(cancellationToken);
        var merchant = await Merchants.LockAsync(transaction, ListQuery.Id(id), cancellationToken);
        if (merchant is null)
        {
            return CommonErrors.NotFound.ToResult();
        }

        if (merchant.Status == status)
        {
            return Results.Ok(MerchantView.Of(merchant));
        }

        var changed = await Merchants.SetStatusAsync(transaction, merchant, status, cancellationToken);
        Announce(transaction, merchant.Id, status, time.GetUtcNow());
        await audit.AddAsync(
            transaction, context, OperatorIdentity.Of(context).Name,
            new AuditEntry(action, $"{merchant.Id}", merchant.Id, reason, new { merchant.Status }, new { changed.Status }),
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return Results.Ok(MerchantView.Of(changed));
    }

    private static void Announce(ServiceTransaction transaction, Guid merchantId, string status, DateTimeOffset now)
    {
        var eventId = Guid.CreateVersion7(now);
        if (status == MerchantRow.Suspended)
        {
            transaction.Enqueue(new MerchantSuspended { EventId = eventId, CreatedAt = now, MerchantId = merchantId });
        }
        else
        {
            transaction.Enqueue(new MerchantResumed { EventId = eventId, CreatedAt = now, MerchantId = merchantId });
        }
    }
}
