using ArdorQr.Gateway.Clients;
using ArdorQr.ServiceDefaults.Errors;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// GET /operator/payments?status=review (or <c>review=true</c>): the payments that wait for an operator, newest first,
/// by <c>limit</c> and <c>before</c>.
/// </summary>
internal static class ListPaymentsInReview
{
    public static void MapListPaymentsInReview(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/operator/payments", HandleAsync).WithName(nameof(ListPaymentsInReview));

    private static async Task<IResult> HandleAsync(
        HttpRequest request, [FromServices] PaymentsClient payments, CancellationToken cancellationToken)
    {
        if (request.Query["status"] is not [] and not ["review"] || request.Query["review"] is not [] and not ["true"])
        {
            return CommonErrors.ValidationFailed("status", "status — только review.").ToResult();
        }

        return await payments.ListInReviewAsync(request.PageQuery(), cancellationToken).ToResultAsync();
    }
}
