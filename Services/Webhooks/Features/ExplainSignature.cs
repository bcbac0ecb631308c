using System.Security.Claims;
using System.Text;
using System.Text.Json;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.Webhooks.Database;
using ArdorQr.Webhooks.Domain;
using Microsoft.AspNetCore.Mvc;

namespace ArdorQr.Webhooks.Features;

/// <summary>
/// POST /v1/webhooks/explain: why a receiver finds a signature wrong: another secret, another body, the same JSON in
/// other bytes, or a clock. It tells what the merchant's own events were; secrets are compared and never shown.
/// </summary>
internal sealed class ExplainSignature(ServiceDatabase database, SecretCipher cipher, TimeProvider time)
{
    private const int MaxHeaders = 100;
    private const int MaxSecretLength = 256;

    internal sealed record Request
    {
        public required Dictionary<string, string>? Headers { get; init; }
        public required string? Body { get; init; }
        public string? Secret { get; init; }
        public string? ReceivedAt { get; init; }
    }

    internal sealed record Response(string Verdict, string Message, string? Advice, Details Details);

    internal sealed record Details(
        DateTimeOffset? SignedAt, long? AgeSeconds, string? MatchedSecret, Guid? EventId, bool EventKnown,
        int? FirstDifferenceAt);

    internal static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/webhooks/explain", HandleAsync).WithName(nameof(ExplainSignature));

    private static async Task<IResult> HandleAsync(
        HttpContext context, ClaimsPrincipal user, [FromServices] ExplainSignature feature,
        [FromServices] ToolLimit limit,
        CancellationToken cancellationToken)
    {
        var caller = WebhookRights.Require(user);
        var request = await JsonBody.ReadAsync<Request>(context, cancellationToken);
        if (FaultOf(request) is { } fault)
        {
            return fault.ToResult();
        }

        await limit.TakeAsync(caller, cancellationToken);
        return await feature.ExecuteAsync(caller, request, cancellationToken) is { } response
            ? TypedResults.Json(response, ApiJson.Options)
            : WebhookErrors.NotConfigured.ToResult();
    }

    private static ApiError? FaultOf(Request request) => request switch
    {
        { Headers: null or { Count: > MaxHeaders } } =>
            CommonErrors.ValidationFailed("headers", $"Поле headers — объект с заголовками запроса, до {MaxHeaders}."),
        { Headers: { } headers } when headers.Values.Any(value => value is null) =>
            CommonErrors.ValidationFailed("headers", "Значения headers — строки."),
        { Body: null } => CommonErrors.ValidationFailed("body", "Поле body — тело полученного запроса строкой."),
        { Secret: { Length: 0 or > MaxSecretLength } } =>
            CommonErrors.ValidationFailed("secret", $"Поле secret — строка до {MaxSecretLength} символов."),
        _ => null,
    };

    /// <summary>Null when there is no secret to check with.</summary>
    private async Task<Response?> ExecuteAsync(
        CallerIdentity caller, Request request, CancellationToken cancellationToken)
    {
        var at = request.ReceivedAt is { } text ? ListQuery.Time(text, "receivedAt") : time.GetUtcNow();
        var body = Encoding.UTF8.GetBytes(request.Body!);
        var eventId = EventIdOf(request, body);
        await using var connection = await database.OpenAsync(cancellationToken);
        var secrets = await EndpointSecrets.ReadAsync(
            connection, cipher, caller.MerchantId, caller.Mode, cancellationToken);
        if (secrets.Count == 0 && request.Secret is null)
        {
            return null;
        }

        var sent = eventId is { } id
            ? await EventBodies.FindAsync(connection, caller.MerchantId, caller.Mode, id, cancellationToken)
            : null;
        var explanation = Explanation.Of(new ReceivedWebhook
        {
            Signature = HeaderOf(request, Signature.HeaderName),
            Body = body,
            GivenSecret = request.Secret,
            At = at,
            OwnSecrets = secrets,
            SentBody = sent,
        });
        return new Response(explanation.Verdict, explanation.Message, explanation.Advice, new Details(
            explanation.SignedAt, explanation.AgeSeconds, explanation.MatchedSecret, eventId, sent is not null,
            explanation.FirstDifferenceAt));
    }

    private static string? HeaderOf(Request request, string name) => request.Headers!
        .Where(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(header => header.Value)
        .FirstOrDefault();

    /// <summary>By the header, and without one by what the body says.</summary>
    private static Guid? EventIdOf(Request request, byte[] body)
    {
        if (Guid.TryParse(HeaderOf(request, Signature.EventIdHeaderName), out var id))
        {
            return id;
        }

        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty("id", out var member) && member.ValueKind == JsonValueKind.String
                && Guid.TryParse(member.GetString(), out id)
                    ? id
                    : null;
        }
        catch (JsonException)
        {
            return null; // A body that was damaged; the header would have told.
        }
    }
}
