using System.Security.Cryptography;
using System.Text;
using ArdorQr.Contracts;
using ArdorQr.Gateway.Clients;
using ArdorQr.Gateway.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features;

/// <summary>
/// POST /operator/merchants/{id}/adjustments: corrects a merchant's balance, with a reason. The Idempotency-Key gets its
/// adjustment's id before Ledger is asked, so that a repetition, whatever the first call came to, is the same
/// adjustment: Ledger makes it once and answers alike.
/// </summary>
internal sealed partial class AdjustBalance(
    ServiceDatabase database, LedgerClient ledger, RandomNumberGenerator random, TimeProvider time,
    ILogger<AdjustBalance> logger)
{
    private sealed record Request
    {
        public required Mode Mode { get; init; }

        public required Kopecks AmountMinor { get; init; }

        public required string Reason { get; init; }
    }

    public async Task<IResult> HandleAsync(HttpContext context, Guid merchantId, CancellationToken cancellationToken)
    {
        var idempotencyKey = IdempotencyKey.Of(context.Request)
            ?? throw new RejectedException(GatewayErrors.IdempotencyKeyInvalid);
        var request = await JsonBody.ReadAsync<Request>(context, cancellationToken);
        if (request.Mode is null || request.Reason is null)
        {
            return CommonErrors.ValidationFailed("mode", "Поля «mode» и «reason» обязательны.").ToResult();
        }

        if (await IdOfAsync(
            merchantId, request, CheckOperator.TokenOf(context), idempotencyKey, cancellationToken) is not { } id)
        {
            return CommonErrors.NotFound.ToResult();
        }

        // No transaction is open here; what the call came to is Ledger's to know.
        var operation = await ledger.AdjustAsync(
            new LedgerClient.Adjustment(id, merchantId, request.Mode, request.AmountMinor, request.Reason),
            cancellationToken);
        LogAdjusted(id, merchantId, request.Mode.Code, request.AmountMinor.Value);
        return Results.Text(operation, "application/json; charset=utf-8", StatusCodes.Status201Created);
    }

    /// <summary>The adjustment's id by its Idempotency-Key, a new one at first sight; null: no such merchant.</summary>
    private async Task<Guid?> IdOfAsync(
        Guid merchantId, Request request, string token, string idempotencyKey, CancellationToken cancellationToken)
    {
        var operation = $"POST /operator/merchants/{merchantId}/adjustments";
        var bodyHash = SHA256.HashData(
            Encoding.UTF8.GetBytes($"{request.Mode.Code}\n{request.AmountMinor}\n{request.Reason}"));
        await using var transaction = await database.BeginAsync(cancellationToken);
        if (await Merchants.LockAsync(transaction, merchantId, cancellationToken) is null)
        {
            return null;
        }

        if (await OperatorRequests.TakeAsync(transaction, operation, idempotencyKey, bodyHash, cancellationToken)
            is { } earlier)
        {
            return earlier.BodyHash.AsSpan().SequenceEqual(bodyHash)
                && SealedAnswer.TryOpen(earlier.SealedAnswer, token, idempotencyKey) is { } stored
                    ? new Guid(stored)
                    : throw new RejectedException(GatewayErrors.IdempotencyKeyReused);
        }

        var id = Guid.CreateVersion7(time.GetUtcNow());
        var sealedId = SealedAnswer.Seal(id.ToByteArray(), token, idempotencyKey, random);
        await OperatorRequests.AnswerAsync(transaction, operation, idempotencyKey, sealedId, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return id;
    }

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Adjustment {AdjustmentId} of merchant {MerchantId} in {Mode}: {AmountKopecks} kopecks")]
    private partial void LogAdjusted(Guid adjustmentId, Guid merchantId, string mode, long amountKopecks);
}

/// <summary>The route of <see cref="AdjustBalance"/>.</summary>
internal static class AdjustBalanceRoute
{
    public static void MapAdjustBalance(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/operator/merchants/{id}/adjustments", HandleAsync).WithName(nameof(AdjustBalance));

    private static Task<IResult> HandleAsync(
        string id, HttpContext context, [FromServices] AdjustBalance feature, CancellationToken cancellationToken) =>
        feature.HandleAsync(context, ListQuery.Id(id), cancellationToken);
}
