using System.Diagnostics;
using System.Security.Cryptography;
using ArdorQr.ServiceDefaults.Faults;
using ArdorQr.ServiceDefaults.Sealing;
using ArdorQr.Webhooks.Clients;
using ArdorQr.Webhooks.Database;
using ArdorQr.Webhooks.Domain;
using Microsoft.Extensions.Options;

namespace ArdorQr.Webhooks.Features;

/// <summary>
/// One attempt of one claimed delivery: sent with no transaction open, then recorded under the lease. A process that
/// dies in between leaves the lease to run out, and the webhook is sent again.
/// </summary>
internal sealed partial class AttemptDelivery(
    WebhookClient client, RecordAttempts records, SecretCipher cipher, IOptions<WebhooksOptions> options,
    RandomNumberGenerator random, FaultHook faults, TimeProvider time, ILogger<AttemptDelivery> logger)
{
    private const string SentPoint = "webhooks.sent";

    private readonly PortRules _ports = PortRules.TryParse(options.Value.AllowedPorts)!;

    private static readonly ActivitySource Activities = new("ArdorQr.Webhooks");

    /// <param name="claim">The lease.</param>
    /// <param name="answered">Called when the receiver is done with, and only the recording is left.</param>
    /// <param name="cancellationToken">Stops it; the lease runs out then.</param>
    public async Task ExecuteAsync(ClaimedDelivery claim, Action? answered, CancellationToken cancellationToken)
    {
        using var activity = StartActivity(claim);
        var at = time.GetUtcNow();
        Answer answer;
        try
        {
            answer = await SendAsync(claim, cancellationToken);
        }
        finally
        {
            answered?.Invoke();
        }

        WebhookMetrics.Attempted(answer);
        if (answer.Status is not null)
        {
            faults.Reach(SentPoint);
        }

        var number = claim.Attempts + 1;
        var wait = answer.IsSuccess ? null : RetrySchedule.WaitAfter(number, answer.RetryAfter, random);
        if (await records.AddAsync(new FinishedAttempt(claim, at, answer, wait), cancellationToken))
        {
            LogAttempted(claim.Id, number, answer.Status, answer.Error);
        }
        else
        {
            LogLeaseLost(claim.Id, number, claim.Epoch);
        }
    }

    private async Task<Answer> SendAsync(ClaimedDelivery claim, CancellationToken cancellationToken)
    {
        if (ReceiverUrl.Judge(claim.Url, claim.Mode, options.Value.AllowLoopbackReceivers, _ports)
            is not ReceiverUrl.Verdict.Accepted { Url: var url })
        {
            // The rules or the settings were changed since.
            return new Answer { Error = AttemptErrors.AddressForbidden };
        }

        return await client.PostAsync(new OutgoingWebhook
        {
            Url = url,
            Body = claim.Body,
            EventId = claim.EventId,
            DeliveryId = claim.Id,
            Attempt = claim.Attempts + 1,
            Secrets = [.. SecretsOf(claim)],
        }, cancellationToken);
    }

    private IEnumerable<string> SecretsOf(ClaimedDelivery claim)
    {
        yield return cipher.Open(new SealedBytes(claim.Secret, claim.SecretKeyId), claim.MerchantId, claim.Mode);
        if (claim.PreviousSecret is not null)
        {
            yield return cipher.Open(
                new SealedBytes(claim.PreviousSecret, claim.PreviousSecretKeyId!), claim.MerchantId, claim.Mode);
        }
    }

    /// <summary>The attempt belongs to the trace of the event, however late it is made.</summary>
    private static Activity? StartActivity(ClaimedDelivery claim)
    {
        ActivityContext.TryParse(claim.Traceparent, null, isRemote: true, out var parent);
        return Activities.StartActivity("webhook attempt", ActivityKind.Internal, parent)?
            .SetTag("ardorqr.delivery.id", claim.Id)
            .SetTag("ardorqr.event.id", claim.EventId)
            .SetTag("ardorqr.attempt", claim.Attempts + 1);
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Delivery {DeliveryId}, attempt {Number}: status {Status}, error {Error}")]
    private partial void LogAttempted(Guid deliveryId, int number, int? status, string? error);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Delivery {DeliveryId}, attempt {Number}: the lease {Epoch} was lost, nothing is recorded")]
    private partial void LogLeaseLost(Guid deliveryId, int number, long epoch);
}
