using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.Contracts.Events;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.Gateway.Features.Recovery;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Messaging;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features.Operators;

/// <summary>
/// POST /operator/merchants: a merchant with its first two keys. With an Idempotency-Key the same request gets the same
/// answer again, secrets included, for 30 days; the stored answer opens only to that request, see
/// <see cref="SealedAnswer"/>.
/// </summary>
internal sealed partial class RegisterMerchant(
    ServiceDatabase database, AuditLog audit, JumpNumbers numbers, RandomNumberGenerator random, TimeProvider time,
    ILogger<RegisterMerchant> logger)
{
    private const string Operation = "POST /operator/merchants";
    private const int MaxNameLength = 200;

    private sealed record Request
    {
        public required string Name { get; init; }
    }

    private sealed record Response(Guid Id, string Name, string Status, DateTimeOffset CreatedAt, FirstKeys Keys);

    private sealed record FirstKeys(FirstKey Live, FirstKey Test);

    private sealed record FirstKey(Guid Id, string Secret, string Hint);

    private abstract record Outcome
    {
        internal sealed record Registered(byte[] Answer, bool IsReplay) : Outcome;

        internal sealed record Refused(ApiError Error) : Outcome;
    }

    public async Task<IResult> HandleAsync(HttpContext context, CancellationToken cancellationToken)
    {
        if (!numbers.MayBeGiven)
        {
            return CommonErrors.Unavailable.ToResult(); // In a moment they have jumped.
        }

        var idempotencyKey = IdempotencyKey.Of(context.Request);
        var request = await JsonBody.ReadAsync<Request>(context, cancellationToken);
        if (request.Name is null || string.IsNullOrWhiteSpace(request.Name) || !PlainText.Fits(request.Name, MaxNameLength))
        {
            return CommonErrors.ValidationFailed(
                "name", $"Поле «name» — непустая строка не длиннее {MaxNameLength} символов, без управляющих.").ToResult();
        }

        switch (await ExecuteAsync(request.Name, context, idempotencyKey, cancellationToken))
        {
            case Outcome.Registered registered:
                if (registered.IsReplay)
                {
                    context.Response.Headers["Idempotency-Replayed"] = "true";
                }

                return Results.Text(registered.Answer, "application/json; charset=utf-8", StatusCodes.Status201Created);
            case Outcome.Refused refused:
                return refused.Error.ToResult();
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private async Task<Outcome> ExecuteAsync(
        string name, HttpContext context, string? idempotencyKey, CancellationToken cancellationToken)
    {
        var @operator = OperatorIdentity.Of(context);
        var token = @operator.Token;
        await using var transaction = await database.BeginAsync(cancellationToken);
        var bodyHash = SHA256.HashData(Encoding.UTF8.GetBytes(name));
        if (idempotencyKey is not null
            && await OperatorRequests.TakeAsync(transaction, Operation, idempotencyKey, bodyHash, cancellationToken)
                is { } earlier)
        {
            return earlier.BodyHash.AsSpan().SequenceEqual(bodyHash)
                && SealedAnswer.TryOpen(earlier.SealedAnswer, token, idempotencyKey) is { } stored
                    ? new Outcome.Registered(stored, IsReplay: true)
                    : new Outcome.Refused(GatewayErrors.IdempotencyKeyReused);
        }

        var merchant = await InsertAsync(transaction, name, cancellationToken);
        var keys = new FirstKeys(
            await IssueAsync(transaction, merchant.Id, Mode.Live, cancellationToken),
            await IssueAsync(transaction, merchant.Id, Mode.Test, cancellationToken));
        var answer = JsonSerializer.SerializeToUtf8Bytes(
            new Response(merchant.Id, merchant.Name, merchant.Status, merchant.CreatedAt, keys), ApiJson.Options);
        if (idempotencyKey is not null)
        {
            var sealedAnswer = SealedAnswer.Seal(answer, token, idempotencyKey, random);
            await OperatorRequests.AnswerAsync(
                transaction, Operation, idempotencyKey, sealedAnswer, cancellationToken);
        }

        transaction.Enqueue(RegisteredEvent(merchant));
        await audit.AddAsync(
            transaction, context, @operator.Name,
            new AuditEntry("merchant.register", $"{merchant.Id}", merchant.Id, After: MerchantView.Of(merchant)),
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        LogRegistered(merchant.Id, merchant.Number);
        return new Outcome.Registered(answer, IsReplay: false);
    }

    /// <summary>The announcement of a merchant; its id is made of the merchant's, so that it can be told again.</summary>
    public static MerchantRegistered RegisteredEvent(MerchantRow merchant) => new()
    {
        EventId = StableId.Of(merchant.Id, "merchant-registered"),
        CreatedAt = merchant.CreatedAt,
        MerchantId = merchant.Id,
        MerchantNumber = merchant.Number,
        Name = merchant.Name,
    };

    private Task<MerchantRow> InsertAsync(ServiceTransaction transaction, string name, CancellationToken cancellationToken)
    {
        const string sql =
            "INSERT INTO gateway.merchant (id, name) VALUES (@id, @name) RETURNING id, number, name, status, created_at";
        return transaction.QuerySingleAsync<MerchantRow>(
            sql, new { id = Guid.CreateVersion7(time.GetUtcNow()), name }, cancellationToken);
    }

    private async Task<FirstKey> IssueAsync(
        ServiceTransaction transaction, Guid merchantId, Mode mode, CancellationToken cancellationToken)
    {
        var id = Guid.CreateVersion7(time.GetUtcNow());
        var key = ApiKey.Issue(mode, random);
        await Keys.InsertAsync(transaction, id, merchantId, key, label: null, KeyGrant.Everything, cancellationToken);
        return new FirstKey(id, key.Text, key.Hint);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Merchant {MerchantId} registered, number {Number}")]
    private partial void LogRegistered(Guid merchantId, long number);
}

/// <summary>The route of <see cref="RegisterMerchant"/>.</summary>
internal static class RegisterMerchantRoute
{
    public static void MapRegisterMerchant(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/operator/merchants", HandleAsync).WithName(nameof(RegisterMerchant)).Needs(OperatorRoles.Support);

    private static Task<IResult> HandleAsync(
        HttpContext context, [FromServices] RegisterMerchant feature, CancellationToken cancellationToken) =>
        feature.HandleAsync(context, cancellationToken);
}
