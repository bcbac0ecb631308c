using ArdorQr.Ledger.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Ledger.Features;

/// <summary>GET /internal/debits/{id}: what became of a debit; 404 when it was never seen.</summary>
internal static class GetDebit
{
    public static void MapGetDebit(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/debits/{id}", HandleAsync).WithName(nameof(GetDebit));

    private static async Task<IResult> HandleAsync(
        string id, [FromServices] ServiceDatabase database, CancellationToken cancellationToken) =>
        await Books.FindDebitAsync(database, ListQuery.Id(id), cancellationToken) is { } transfer
            ? TypedResults.Ok(DebitView.Of(transfer))
            : CommonErrors.NotFound.ToResult();
}
