using System.Security.Cryptography;
using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Sealing;
using ArdorQr.Webhooks.Clients;
using ArdorQr.Webhooks.Database;
using ArdorQr.Webhooks.Domain;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace ArdorQr.Webhooks.Features;

/// <summary>
/// PUT /internal/endpoints/{merchantId}/{mode}, the Gateway's PUT /v1/webhooks: sets the receiver, pauses or resumes
/// what is pending, and returns a secret at the first set-up and on a rotation, never again.
/// </summary>
internal sealed partial class ConfigureEndpoint(
    ServiceDatabase database, GuardedConnections connections, SecretCipher cipher, RandomNumberGenerator random,
    DeliverySignal signal, IOptions<WebhooksOptions> options, TimeProvider time, ILogger<ConfigureEndpoint> logger)
{
    /// <summary>How long a name may take to resolve before it is accepted unseen.</summary>
    private const int ResolveTimeoutSeconds = 2;

    private const int PreviousSecretHours = 24;

    internal sealed record Request
    {
        public required string? Url { get; init; }
        public bool Enabled { get; init; } = true;
        public bool RotateSecret { get; init; }
    }

    internal sealed record Response(string? WebhookUrl, bool WebhookEnabled, string? Secret);

    internal static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPut("/endpoints/{merchantId:guid}/{mode}", HandleAsync).WithName(nameof(ConfigureEndpoint));

    private static async Task<IResult> HandleAsync(
        Guid merchantId, string mode, HttpContext context, [FromServices] ConfigureEndpoint feature,
        CancellationToken cancellationToken)
    {
        if (Mode.TryParse(mode) is not { } world)
        {
            return CommonErrors.NotFound.ToResult();
        }

        var request = await JsonBody.ReadAsync<Request>(context, cancellationToken);
        return await feature.FaultOfAsync(request.Url, world, cancellationToken) is { } fault
            ? fault.ToResult()
            : TypedResults.Ok(await feature.ExecuteAsync(merchantId, world, request, cancellationToken));
    }

    private async Task<ApiError?> FaultOfAsync(string? url, Mode mode, CancellationToken cancellationToken)
    {
        switch (url is null ? null : ReceiverUrl.Judge(
            url, mode, options.Value.AllowLoopbackReceivers, PortRules.TryParse(options.Value.AllowedPorts)))
        {
            case null:
                return null;
            case ReceiverUrl.Verdict.Invalid invalid:
                return WebhookErrors.UrlInvalid(invalid.Message);
            case ReceiverUrl.Verdict.Accepted accepted:
                using (var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(ResolveTimeoutSeconds), time))
                using (var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken))
                {
                    return await connections.LeadsAstrayAsync(accepted.Url, either.Token)
                        ? WebhookErrors.UrlForbidden
                        : null;
                }

            default:
                return WebhookErrors.UrlForbidden;
        }
    }

    private async Task<Response> ExecuteAsync(
        Guid merchantId, Mode mode, Request request, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(cancellationToken);
        var endpoint = await EndpointLocks.TakeAsync(transaction, merchantId, mode, cancellationToken);
        var secret = request.RotateSecret || (request.Url is not null && endpoint.Secret is null)
            ? Signature.NewSecret(random)
            : null;
        if (secret is not null)
        {
            await ReplaceSecretAsync(transaction, endpoint, cipher.Seal(secret, merchantId, mode), cancellationToken);
        }

        await SetAsync(transaction, endpoint, request, cancellationToken);
        var isActive = request.Enabled && request.Url is not null;
        await DeliveryPauses.SetAsync(transaction, merchantId, mode, paused: !isActive, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        signal.Wake();
        LogConfigured(merchantId, mode, isActive, secret is not null);
        return new Response(request.Url, request.Enabled, secret);
    }

    /// <summary>
    /// The secret until now stays valid beside the new one for a day, so that receivers can change theirs. The contract
    /// knows two signatures at most: a second rotation within the day ends the oldest secret at once.
    /// </summary>
    private static Task<int> ReplaceSecretAsync(
        ServiceTransaction transaction, EndpointRow endpoint, SealedBytes secret, CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE webhooks.endpoint
            SET previous_secret = secret, previous_secret_key_id = secret_key_id,
                previous_secret_until = CASE WHEN secret IS NOT NULL
                    THEN clock_timestamp() + make_interval(hours => @hours) END,
                secret = @Bytes, secret_key_id = @KeyId
            WHERE merchant_id = @MerchantId AND mode = @Mode
            """;
        return transaction.ExecuteAsync(
            sql, new { endpoint.MerchantId, endpoint.Mode, secret.Bytes, secret.KeyId, hours = PreviousSecretHours },
            cancellationToken);
    }

    /// <summary>Another URL, and a disabled endpoint that is enabled, begin with a clean slate.</summary>
    private static Task<int> SetAsync(
        ServiceTransaction transaction, EndpointRow endpoint, Request request, CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE webhooks.endpoint
            SET url = @Url, enabled = @Enabled, disabled_reason = NULL, version = version + 1,
                failing_since = CASE WHEN url IS NOT DISTINCT FROM @Url AND enabled THEN failing_since END,
                unanswered = 0, resting_until = NULL, updated_at = clock_timestamp()
            WHERE merchant_id = @MerchantId AND mode = @Mode
            """;
        return transaction.ExecuteAsync(
            sql, new { endpoint.MerchantId, endpoint.Mode, request.Url, request.Enabled }, cancellationToken);
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Endpoint of {MerchantId} in {Mode}: active {IsActive}, new secret {IsSecretNew}")]
    private partial void LogConfigured(Guid merchantId, Mode mode, bool isActive, bool isSecretNew);
}
