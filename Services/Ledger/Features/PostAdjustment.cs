using System.Text;
using ArdorQr.Contracts;
using ArdorQr.Ledger.Database;
using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Ledger.Features;

/// <summary>
/// POST /internal/adjustments: an operator corrects a wallet, with a reason that its merchant reads. The first answer is
/// the answer for ever: the operation, or a refusal where the balance doesn't suffice.
/// </summary>
internal static class PostAdjustment
{
    private const int MaxReasonLength = 400;

    /// <param name="Id">The transfer's id, given once by who asks.</param>
    /// <param name="MerchantId">Whose wallet.</param>
    /// <param name="Mode">In which mode.</param>
    /// <param name="AmountMinor">Signed, kopecks, not zero.</param>
    /// <param name="Reason">For the merchant, 1..400 characters, none of them a control character.</param>
    internal sealed record Request(Guid Id, Guid MerchantId, Mode Mode, Kopecks AmountMinor, string Reason);

    public static void MapPostAdjustment(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/adjustments", HandleAsync).WithName(nameof(PostAdjustment));

    private static async Task<IResult> HandleAsync(
        HttpContext context, [FromServices] PostingEngine engine, [FromServices] ServiceDatabase database,
        [FromServices] TimeProvider time, [FromServices] ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var body = await JsonBody.ReadAsync<Request>(context, cancellationToken);
        var adjustment = new TransferRequest.Adjustment(
            PostDebit.Required(body.Id, "id"),
            new WalletKey(
                PostDebit.Required(body.MerchantId, "merchantId"), body.Mode ?? throw PostDebit.Missing("mode")),
            AmountOf(body), $"Корректировка: {ReasonOf(body)}", OperationId: Guid.CreateVersion7(time.GetUtcNow()));
        var outcome = await engine.PostAsync(adjustment, announcement: null, cancellationToken);
        return outcome switch
        {
            Outcome.Answered { Transfer: { OperationId: not null } posted } =>
                TypedResults.Ok(await ViewOfAsync(database, posted, cancellationToken)),
            Outcome.Answered { Transfer: var refused } => LedgerErrors.InsufficientFunds(
                refused.BalanceKopecks, adjustment.Amount).ToResult(),
            Outcome.TooLarge => LedgerErrors.BalanceTooLarge.ToResult(),
            _ => DebitAnswers.ToResult(outcome, adjustment.Id, loggers),
        };
    }

    private static async Task<OperationView> ViewOfAsync(
        ServiceDatabase database, Transfer transfer, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
            SELECT {OperationRow.Columns}
            FROM ledger.transfer JOIN ledger.entry ON entry.transfer_id = transfer.transfer_id
            WHERE transfer.transfer_id = @id AND entry.sequence IS NOT NULL
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return (await connection.QuerySingleAsync<OperationRow>(
            sql, new { id = transfer.TransferId }, cancellationToken)).ToView();
    }

    private static Kopecks AmountOf(Request body) =>
        body.AmountMinor != Kopecks.Zero
            ? body.AmountMinor
            : throw new RejectedException(CommonErrors.ValidationFailed("amountMinor", "amountMinor — не ноль."));

    private static string ReasonOf(Request body) =>
        body.Reason is { Length: <= MaxReasonLength } reason && !string.IsNullOrWhiteSpace(reason)
            && !reason.EnumerateRunes().Any(Rune.IsControl)
                ? reason
                : throw new RejectedException(CommonErrors.ValidationFailed(
                    "reason", $"reason — от 1 до {MaxReasonLength} символов, без управляющих."));
}
