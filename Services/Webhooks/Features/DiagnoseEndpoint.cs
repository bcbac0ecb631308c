using System.Security.Claims;
using System.Security.Cryptography;
using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.ServiceDefaults.Recovery;
using ArdorQr.Webhooks.Clients;
using ArdorQr.Webhooks.Database;
using ArdorQr.Webhooks.Domain;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace ArdorQr.Webhooks.Features;

/// <summary>
/// POST /v1/webhooks/doctor: looks at the endpoint from outside, as a delivery would: name, connection, certificate,
/// answer, and whether it refuses what is signed wrong. Nothing of it is on record, and no answer's body is shown. Not
/// before a recovery has ended: nothing leaves for merchants until then.
/// </summary>
internal sealed class DiagnoseEndpoint(
    ServiceDatabase database, ReceiverProbe probe, WebhookClient client, SecretCipher cipher,
    RandomNumberGenerator random,
    IOptions<WebhooksOptions> options, TimeProvider time)
{
    /// <summary>Says the least: no receiver ships goods for it.</summary>
    private const string SampleType = WebhookTypes.DepositPending;

    internal sealed record Request;

    /// <param name="Healthy">No line has failed.</param>
    /// <param name="Url">What was looked at.</param>
    /// <param name="Checks">Line by line.</param>
    internal sealed record Response(bool Healthy, string Url, IReadOnlyList<DiagnosisLine> Checks);

    internal static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/webhooks/doctor", HandleAsync).WithName(nameof(DiagnoseEndpoint));

    private static async Task<IResult> HandleAsync(
        HttpContext context, ClaimsPrincipal user, [FromServices] DiagnoseEndpoint feature,
        [FromServices] ToolLimit limit, [FromServices] RecoveryGate gate,
        CancellationToken cancellationToken)
    {
        var caller = WebhookRights.Require(user);
        if (!gate.IsOpen)
        {
            return CommonErrors.Unavailable.ToResult(); // A restored URL and secret may be ones that were replaced.
        }

        await JsonBody.ReadOptionalAsync<Request>(context, cancellationToken);
        await limit.TakeAsync(caller, cancellationToken);
        return await feature.ExecuteAsync(caller, cancellationToken) is { } response
            ? TypedResults.Json(response, ApiJson.Options)
            : WebhookErrors.NotConfigured.ToResult();
    }

    /// <summary>Null without an endpoint.</summary>
    private async Task<Response?> ExecuteAsync(CallerIdentity caller, CancellationToken cancellationToken)
    {
        var (text, secrets) = await ReadAsync(caller, cancellationToken);
        if (text is null)
        {
            return null;
        }

        var verdict = ReceiverUrl.Judge(
            text, caller.Mode, options.Value.AllowLoopbackReceivers, PortRules.TryParse(options.Value.AllowedPorts));
        var lines = verdict is ReceiverUrl.Verdict.Accepted { Url: var url }
            ? await LookAsync(url, caller.Mode, secrets, cancellationToken)
            : Diagnosis.Of(new Uri(text), new ProbedReceiver { IsForbidden = true }, null, time.GetUtcNow());
        return new Response(lines.All(line => line.Status != Diagnosis.Failed), text, lines);
    }

    private async Task<(string? Url, IReadOnlyList<string> Secrets)> ReadAsync(
        CallerIdentity caller, CancellationToken cancellationToken)
    {
        const string sql = "SELECT url FROM webhooks.endpoint WHERE merchant_id = @MerchantId AND mode = @Mode";
        await using var connection = await database.OpenAsync(cancellationToken);
        var url = await connection.QuerySingleOrDefaultAsync<string>(
            sql, new { caller.MerchantId, caller.Mode }, cancellationToken);
        var secrets = await EndpointSecrets.ReadAsync(
            connection, cipher, caller.MerchantId, caller.Mode, cancellationToken);
        return (url, [.. secrets.Select(secret => secret.Secret)]);
    }

    private async Task<IReadOnlyList<DiagnosisLine>> LookAsync(
        ReceiverUrl url, Mode mode, IReadOnlyList<string> secrets, CancellationToken cancellationToken)
    {
        var seen = await probe.LookAsync(url, cancellationToken);
        var trial = seen.IsListening ? await TryAsync(url, mode, secrets, cancellationToken) : null;
        return Diagnosis.Of(url.Uri, seen, trial, time.GetUtcNow());
    }

    /// <summary>Side by side, so that all three take no longer than one.</summary>
    private async Task<Trial> TryAsync(
        ReceiverUrl url, Mode mode, IReadOnlyList<string> secrets, CancellationToken cancellationToken)
    {
        var right = SendAsync(url, mode, secrets, TimeSpan.Zero, cancellationToken);
        var forged = SendAsync(url, mode, [Signature.NewSecret(random)], TimeSpan.Zero, cancellationToken);
        var stale = SendAsync(url, mode, secrets, Diagnosis.StaleBy, cancellationToken);
        return new Trial(await right, await forged, await stale);
    }

    private Task<Answer> SendAsync(
        ReceiverUrl url, Mode mode, IReadOnlyList<string> secrets, TimeSpan backdated,
        CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var sample = new OwnerEvent(
            Guid.CreateVersion7(now), Guid.Empty, mode, SampleType, now, SampleEvents.DataOf(SampleType, mode, time));
        return client.PostAsync(new OutgoingWebhook
        {
            Url = url,
            Body = sample.ToStored().Body,
            EventId = sample.Id,
            DeliveryId = Guid.CreateVersion7(now),
            Attempt = 1,
            Secrets = secrets,
            Backdated = backdated,
        }, cancellationToken);
    }
}
