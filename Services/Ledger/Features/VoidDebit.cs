using ArdorQr.Contracts;
using ArdorQr.Ledger.Database;
using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Ledger.Features;

/// <summary>
/// POST /internal/debits/{id}/void: a debit that wasn't seen can never post from now on; one that was seen is answered
/// as it stands.
/// </summary>
internal static class VoidDebit
{
    internal sealed record Request(Guid MerchantId, Mode Mode, Guid PaymentId);

    public static void MapVoidDebit(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/debits/{id}/void", HandleAsync).WithName(nameof(VoidDebit));

    private static async Task<IResult> HandleAsync(
        string id, HttpContext context, [FromServices] PostingEngine engine, [FromServices] ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        var transferId = PostDebit.Required(ListQuery.Id(id), "id");
        var body = await JsonBody.ReadAsync<Request>(context, cancellationToken);
        var voiding = new TransferRequest.Void(
            transferId,
            new WalletKey(
                PostDebit.Required(body.MerchantId, "merchantId"), body.Mode ?? throw PostDebit.Missing("mode")),
            PostDebit.Required(body.PaymentId, "paymentId"));
        var outcome = await engine.PostAsync(voiding, announcement: null, cancellationToken);
        return DebitAnswers.ToResult(outcome, transferId, loggers);
    }
}
