using ArdorQr.Contracts;
using ArdorQr.Ledger.Database;
using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Ledger.Features;

/// <summary>
/// POST /internal/debits: takes a payment's total from the wallet, or refuses; the first answer is the answer for ever.
/// </summary>
internal static class PostDebit
{
    private const int MaxDescriptionLength = 500;

    /// <param name="Id">The transfer's id, given by Payments to its attempt.</param>
    /// <param name="MerchantId">Whose wallet.</param>
    /// <param name="Mode">In which mode.</param>
    /// <param name="PaymentId">At most one debit of a payment ever posts.</param>
    /// <param name="AmountMinor">More than zero.</param>
    /// <param name="FeeMinor">Zero or more.</param>
    /// <param name="TotalMinor">Amount + fee.</param>
    /// <param name="Description">
    /// Shown with the operation, 1..500 characters. No part of what repetitions are compared by: a wording may change.
    /// </param>
    internal sealed record Request(
        Guid Id, Guid MerchantId, Mode Mode, Guid PaymentId, Kopecks AmountMinor, Kopecks FeeMinor, Kopecks TotalMinor,
        string Description);

    public static void MapPostDebit(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/debits", HandleAsync).WithName(nameof(PostDebit));

    private static async Task<IResult> HandleAsync(
        HttpContext context, [FromServices] PostingEngine engine, [FromServices] TimeProvider time,
        [FromServices] ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var body = await JsonBody.ReadAsync<Request>(context, cancellationToken);
        var debit = new TransferRequest.Debit(
            Required(body.Id, "id"),
            new WalletKey(Required(body.MerchantId, "merchantId"), body.Mode ?? throw Missing("mode")),
            Required(body.PaymentId, "paymentId"), SumsOf(body), DescriptionOf(body),
            OperationId: Guid.CreateVersion7(time.GetUtcNow()));
        var outcome = await engine.PostAsync(debit, announcement: null, cancellationToken);
        return DebitAnswers.ToResult(outcome, debit.Id, loggers);
    }

    /// <exception cref="RejectedException">The id is absent or all zeros.</exception>
    internal static Guid Required(Guid id, string field) => id != Guid.Empty ? id : throw Missing(field);

    internal static RejectedException Missing(string field) =>
        new(CommonErrors.ValidationFailed(field, $"Не указано обязательное поле «{field}»."));

    private static Sums SumsOf(Request body) =>
        Sums.TryOf(body.AmountMinor, body.FeeMinor, body.TotalMinor)
        ?? throw new RejectedException(CommonErrors.ValidationFailed(
            "totalMinor", "totalMinor — сумма положительного amountMinor и неотрицательного feeMinor."));

    private static string DescriptionOf(Request body) =>
        body.Description is { Length: > 0 and <= MaxDescriptionLength } description
            && !description.Contains('\0', StringComparison.Ordinal) // No text of PostgreSQL's can hold it.
            ? description
            : throw new RejectedException(CommonErrors.ValidationFailed(
                "description", $"description — от 1 до {MaxDescriptionLength} символов."));
}
