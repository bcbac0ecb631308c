using ArdorQr.Contracts.Events;
using ArdorQr.Gateway.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features;

/// <summary>POST /operator/merchants/{id}/suspend: its keys may only read, on every replica within a second.</summary>
internal static class SuspendMerchant
{
    public static void MapSuspendMerchant(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/operator/merchants/{id}/suspend", HandleAsync).WithName(nameof(SuspendMerchant));

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

        if (merchant.Status == MerchantRow.Suspended)
        {
            return Results.Ok(MerchantView.Of(merchant));
        }

        var now = time.GetUtcNow();
        var suspended = await Merchants.SetStatusAsync(transaction, merchant, MerchantRow.Suspended, cancellationToken);
        transaction.Enqueue(new MerchantSuspended
        {
            EventId = Guid.CreateVersion7(now),
            CreatedAt = now,
            MerchantId = merchant.Id,
        });
        await transaction.CommitAsync(cancellationToken);
        return Results.Ok(MerchantView.Of(suspended));
    }
}
