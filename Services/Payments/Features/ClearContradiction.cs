using ArdorQr.Payments.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;

namespace ArdorQr.Payments.Features;

/// <summary>
/// POST /internal/payments/{id}/clear: an operator has dealt with a payment whose settlement by hand the rail has
/// contradicted; it leaves the review. Neither the payment nor what was booked is changed.
/// </summary>
internal static partial class ClearContradiction
{
    private const int MaxReasonCharacters = 500;

    internal sealed record Request
    {
        public required string Reason { get; init; }
    }

    public static void Map(RouteGroupBuilder routes) => routes.MapPost("/payments/{id}/clear", HandleAsync);

    private static async Task<IResult> HandleAsync(
        string id, HttpContext context, ServiceDatabase database, PaymentSeals seals, ILogger<SettlePayment> logger,
        CancellationToken cancellationToken)
    {
        var paymentId = ListQuery.Id(id);
        var reason = (await JsonBody.ReadAsync<Request>(context, cancellationToken)).Reason;
        if (string.IsNullOrWhiteSpace(reason) || reason.Length > MaxReasonCharacters || reason.Contains('\0'))
        {
            return CommonErrors.ValidationFailed(
                "reason", $"reason — почему, до {MaxReasonCharacters} символов.").ToResult();
        }

        await using var transaction = await database.BeginAsync(cancellationToken);
        if (await PaymentTable.LockAsync(transaction, paymentId, cancellationToken) is null)
        {
            return CommonErrors.NotFound.ToResult();
        }

        if (await SettlementTable.TryClearAsync(transaction, paymentId, reason, cancellationToken))
        {
            LogCleared(logger, paymentId);
        }
        else if (!await SettlementTable.IsClearedAsync(transaction, paymentId, cancellationToken))
        {
            return PaymentErrors.NotInReview.ToResult();
        }

        var cleared = (await PaymentTable.LockAsync(transaction, paymentId, cancellationToken))!;
        await transaction.CommitAsync(cancellationToken);
        return Results.Ok(PaymentView.OfReview(cleared, seals.DetailsOf(cleared)));
    }

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "Payment {PaymentId}: the rail's contradiction was cleared by an operator")]
    private static partial void LogCleared(ILogger logger, Guid paymentId);
}
