using ArdorQr.Payments.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Identity;

namespace ArdorQr.Payments.Features;

/// <summary>GET /v1/payments/{id}: the payment, and its timeline.</summary>
internal static class GetPayment
{
    public static void Map(RouteGroupBuilder api) => api.MapGet("/payments/{id}", HandleAsync);

    private static async Task<IResult> HandleAsync(
        string id, HttpContext context, ServiceDatabase database, PaymentSeals seals,
        CancellationToken cancellationToken)
    {
        var caller = CallerIdentity.Of(context.User);
        await using var connection = await database.OpenAsync(cancellationToken);
        var payment = await PaymentTable.FindAsync(
            connection, ListQuery.Id(id), caller.MerchantId, caller.Mode, cancellationToken);
        if (payment is null)
        {
            return CommonErrors.NotFound.ToResult();
        }

        var timeline = await TimelineTable.ReadAsync(connection, payment.PaymentId, cancellationToken);
        return Results.Ok(PaymentView.Of(payment, seals.DetailsOf(payment), timeline));
    }
}
