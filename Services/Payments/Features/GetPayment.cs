using ArdorQr.Payments.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Identity;

namespace ArdorQr.Payments.Features;

/// <summary>GET /v1/payments/{id}.</summary>
internal static class GetPayment
{
    public static void Map(RouteGroupBuilder api) => api.MapGet("/payments/{id}", HandleAsync);

    private static async Task<IResult> HandleAsync(
        string id, HttpContext context, ServiceDatabase database, CancellationToken cancellationToken)
    {
        var caller = CallerIdentity.Of(context.User);
        await using var connection = await database.OpenAsync(cancellationToken);
        var payment = await PaymentTable.FindAsync(
            connection, ListQuery.Id(id), caller.MerchantId, caller.Mode, cancellationToken);
        return payment is null ? CommonErrors.NotFound.ToResult() : Results.Ok(PaymentView.Of(payment));
    }
}
