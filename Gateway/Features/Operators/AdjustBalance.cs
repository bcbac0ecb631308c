using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Gateway.Clients;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// POST /operator/merchants/{id}/adjustments: corrects a merchant's balance, with a reason. The Idempotency-Key gets its
/// adjustment's id before Ledger is asked, so that a repetition, whatever the first call came to, is the same
/// adjustment: Ledger makes it once and answers alike. A large one waits for a second operator.
/// </summary>
internal sealed partial class AdjustBalance(
    ServiceDatabase database, LedgerClient ledger, AuditLog audit, RandomNumberGenerator random, TimeProvider time,
    IOptions<OperatorOptions> options, ILogger<AdjustBalance> logger)
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

        await using var transaction = await database.BeginAsync(cancellationToken);
        if (await Merchants.LockAsync(transaction, merchantId, cancellationToken) is null)
        {
            return CommonErrors.NotFound.ToResult();
        }

        var id = await IdOfAsync(transaction, context, merchantId, request, idempotencyKey, cancellationToken);
        var adjustment = new LedgerClient.Adjustment(id, merchantId, request.Mode, request.AmountMinor, request.Reason);
        var waiting = NeedsSecondOperator(request.AmountMinor)
            ? await RequestAsync(transaction, context, adjustment, cancellationToken)
            : null;
        await transaction.CommitAsync(cancellationToken);
        return waiting switch
        {
            null or { Decision: ApprovalRow.Approved } => await ExecuteAsync(context, adjustment, cancellationToken),
            { Decision: ApprovalRow.Rejected } => GatewayErrors.ApprovalDecided.ToResult(),
            _ => ApprovalAnswer.Of(waiting),
        };
    }

    /// <summary>Makes the adjustment; what it came to is Ledger's to know, and the same for a repetition.</summary>
    public async Task<IResult> ExecuteAsync(
        HttpContext context, LedgerClient.Adjustment adjustment, CancellationToken cancellationToken)
    {
        var operation = await audit.RunAsync(
            context,
            new AuditEntry(
                ApprovalRow.Adjust, $"{adjustment.Id}", adjustment.MerchantId, adjustment.Reason, null,
                new { adjustment.Mode, adjustment.AmountMinor }),
            _ => ledger.AdjustAsync(adjustment, cancellationToken), cancellationToken,
            before: after => BalanceBefore(after, adjustment.AmountMinor));
        LogAdjusted(adjustment.Id, adjustment.MerchantId, adjustment.Mode.Code, adjustment.AmountMinor.Value);
        return Results.Text(operation, "application/json; charset=utf-8", StatusCodes.Status201Created);
    }

    private bool NeedsSecondOperator(Kopecks amount) =>
        options.Value.SecondOperator
        && Int128.Abs(amount.Value) > options.Value.AdjustmentLimitMinor;

    /// <summary>The approval of this adjustment: the one there is, or a new one.</summary>
    private async Task<ApprovalRow> RequestAsync(
        ServiceTransaction transaction, HttpContext context, LedgerClient.Adjustment adjustment,
        CancellationToken cancellationToken)
    {
        var earlier = await Approvals.LatestAsync(transaction, ApprovalRow.Adjust, adjustment.Id, cancellationToken);
        if (earlier is { Status: not "expired" })
        {
            return earlier;
        }

        var @operator = OperatorIdentity.Of(context).Name;
        var approval = await Approvals.RequestAsync(
            transaction,
            new ApprovalRow
            {
                Id = Guid.CreateVersion7(time.GetUtcNow()),
                Action = ApprovalRow.Adjust,
                SubjectId = adjustment.Id,
                MerchantId = adjustment.MerchantId,
                Body = JsonSerializer.Serialize(adjustment, ApiJson.Options),
                Reason = Reason.Required(adjustment.Reason),
                RequestedBy = @operator,
            },
            options.Value.ApprovalHours, cancellationToken);
        await audit.AddAsync(
            transaction, context, @operator,
            new AuditEntry(
                $"{ApprovalRow.Adjust}.request", $"{adjustment.Id}", adjustment.MerchantId, adjustment.Reason, null,
                ApprovalView.Of(approval)),
            cancellationToken);
        return approval;
    }

    /// <summary>The adjustment's id by its Idempotency-Key, a new one at first sight.</summary>
    private async Task<Guid> IdOfAsync(
        ServiceTransaction transaction, HttpContext context, Guid merchantId, Request request, string idempotencyKey,
        CancellationToken cancellationToken)
    {
        var token = OperatorIdentity.Of(context).Token;
        var operation = $"POST /operator/merchants/{merchantId}/adjustments";
        var bodyHash = SHA256.HashData(
            Encoding.UTF8.GetBytes($"{request.Mode.Code}\n{request.AmountMinor}\n{request.Reason}"));
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
        return id;
    }

    private static object? BalanceBefore(JsonElement operation, Kopecks amount) =>
        operation.TryGetProperty("balanceAfterMinor", out var after) && after.TryGetInt64(out var kopecks)
            ? new { balanceMinor = new Kopecks(kopecks) - amount }
            : null;

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Adjustment {AdjustmentId} of merchant {MerchantId} in {Mode}: {AmountKopecks} kopecks")]
    private partial void LogAdjusted(Guid adjustmentId, Guid merchantId, string mode, long amountKopecks);
}

/// <summary>The route of <see cref="AdjustBalance"/>.</summary>
internal static class AdjustBalanceRoute
{
    public static void MapAdjustBalance(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/operator/merchants/{id}/adjustments", HandleAsync)
            .WithName(nameof(AdjustBalance)).Needs(OperatorRoles.Finance);

    private static Task<IResult> HandleAsync(
        string id, HttpContext context, [FromServices] AdjustBalance feature, CancellationToken cancellationToken) =>
        feature.HandleAsync(context, ListQuery.Id(id), cancellationToken);
}
