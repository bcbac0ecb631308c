using ArdorQr.Gateway.Clients;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// GET /operator/deposits: the deposits that were received and are held (by a limit, by screening, for want of a rate),
/// newest first, by <c>limit</c> and <c>before</c>.
/// </summary>
internal static class ListHeldDeposits
{
    public static void MapListHeldDeposits(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/operator/deposits", HandleAsync).WithName(nameof(ListHeldDeposits));

    private static async Task<IResult> HandleAsync(
        HttpRequest request, [FromServices] DepositsClient deposits, CancellationToken cancellationToken)
    {
        return await deposits.ListHeldAsync(request.PageQuery(), cancellationToken).ToResultAsync();
    }
}
