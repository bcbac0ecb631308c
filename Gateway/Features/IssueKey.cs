using System.Security.Cryptography;
using ArdorQr.Contracts;
using ArdorQr.Gateway.Database;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Gateway.Features;

/// <summary>POST /v1/keys: a new key; its secret leaves us in this answer and never again.</summary>
internal static class IssueKey
{
    private const int MaxLabelLength = 64;
    private const int MaxActiveKeys = 500;

    private sealed record Request
    {
        public Mode? Mode { get; init; }
        public string? Label { get; init; }
    }

    private sealed record Response(Guid Id, string Secret, string Hint, Mode Mode, string? Label, DateTimeOffset CreatedAt);

    private abstract record Outcome
    {
        internal sealed record Issued(Response Key) : Outcome;

        internal sealed record Refused(ApiError Error) : Outcome;
    }

    public static void MapIssueKey(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/keys", HandleAsync).WithName(nameof(IssueKey));

    private static async Task<IResult> HandleAsync(
        HttpContext context, [FromServices] ServiceDatabase database, [FromServices] RandomNumberGenerator random,
        [FromServices] TimeProvider time, CancellationToken cancellationToken)
    {
        var key = KnownKey.Of(context, KeyRules.Keys);
        var request = await JsonBody.ReadOptionalAsync<Request>(context, cancellationToken) ?? new Request();
        return await ExecuteAsync(database, random, time, key, request, cancellationToken) switch
        {
            Outcome.Issued issued => Results.Json(issued.Key, statusCode: StatusCodes.Status201Created),
            Outcome.Refused refused => refused.Error.ToResult(),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    private static async Task<Outcome> ExecuteAsync(
        ServiceDatabase database, RandomNumberGenerator random, TimeProvider time, KnownKey issuer, Request request,
        CancellationToken cancellationToken)
    {
        const string countSql = "SELECT count(*) FROM gateway.api_key WHERE merchant_id = @id AND revoked_at IS NULL";
        if (request.Label is { } label && !PlainText.Fits(label, MaxLabelLength))
        {
            return new Outcome.Refused(CommonErrors.ValidationFailed(
                "label", $"Поле «label» — не более {MaxLabelLength} символов, без управляющих."));
        }

        if (!KeyRules.CanManage(issuer.Mode, request.Mode ?? Mode.Live))
        {
            return new Outcome.Refused(GatewayErrors.TestKeyNeedsTestMode);
        }

        var key = ApiKey.Issue(request.Mode ?? Mode.Live, random);
        var id = Guid.CreateVersion7(time.GetUtcNow());
        await using var transaction = await database.BeginAsync(cancellationToken);
        // Locked, so that the count below holds until the commit.
        await Merchants.LockAsync(transaction, issuer.Merchant.Id, cancellationToken);
        var active = await transaction.QuerySingleAsync<long>(countSql, new { issuer.Merchant.Id }, cancellationToken);
        if (active >= MaxActiveKeys)
        {
            return new Outcome.Refused(GatewayErrors.TooManyKeys(MaxActiveKeys));
        }

        var createdAt = await Keys.InsertAsync(
            transaction, id, issuer.Merchant.Id, key, request.Label, issuer.Caller.Rights, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new Outcome.Issued(new Response(id, key.Text, key.Hint, key.Mode, request.Label, createdAt));
    }
}
