using ArdorQr.Payments.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;

namespace ArdorQr.Payments.Features.Recovery;

/// <summary>
/// POST /internal/recovery/transfers/{id}/close: an operator has dealt with a transfer that no payment explains, and its
/// code is free again. No money moves by this. Repeating it is harmless.
/// </summary>
internal static class CloseUnmatchedTransfer
{
    private const int MaxReasonCharacters = 500;

    internal sealed record Request
    {
        public required string Operator { get; init; }

        public required string Reason { get; init; }
    }

    public static void Map(RouteGroupBuilder routes) => routes.MapPost("/recovery/transfers/{id}/close", HandleAsync);

    private static async Task<IResult> HandleAsync(
        string id, HttpContext context, ServiceDatabase database, CancellationToken cancellationToken)
    {
        var request = await JsonBody.ReadAsync<Request>(context, cancellationToken);
        if (string.IsNullOrWhiteSpace(request.Reason) || request.Reason.Length > MaxReasonCharacters)
        {
            return CommonErrors.ValidationFailed(
                "reason", $"Поле «reason» — непустая строка до {MaxReasonCharacters} символов.").ToResult();
        }

        await using var transaction = await database.BeginAsync(cancellationToken);
        var closed = await UnmatchedTransfers.CloseAsync(
            transaction, ListQuery.Id(id), request.Operator, request.Reason, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return closed is null
            ? CommonErrors.NotFound.ToResult()
            : Results.Ok(ListUnmatchedTransfers.View.Of(closed));
    }
}
