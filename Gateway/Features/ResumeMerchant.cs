using ArdorQr.Contracts.Events;
using ArdorQr.Gateway.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features;

/// <summary>POST /operator/merchants/{id}/resume: its keys may act again, on every replica within a second.</summary>
internal static class ResumeMerchant
{
    public static void MapResumeMerchant(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/operator/merchants/{id}/resume", HandleAsync).WithName(nameof(ResumeMerchant));

    private static async Task<IResult> HandleAsync(
        string id, [FromServices] ServiceDatabase database, [FromServices] TimeProvider time,
        CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        var merchant = await Merchants.LockAsync(transaction, ListQuery.Id(id), cancellationToken);
        if (merchant is null)
        {
            return CommonErrors.NotFound.ToResult();
        }

        if (merchant.Status == MerchantRow.Active)
        {
            return Results.Ok(MerchantView.Of(merchant));
        }

        var now = time.GetUtcNow();
        var resumed = await Merchants.SetStatusAsync(transaction, merchant, MerchantRow.Active, cancellationToken);
        transaction.Enqueue(new MerchantResumed
        {
            EventId = Guid.CreateVersion7(now),
            CreatedAt = now,
            MerchantId = merchant.Id,
        });
        await transaction.CommitAsync(cancellationToken);
        return Results.Ok(MerchantView.Of(resumed));
    }
}
