using System.Diagnostics;
using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.Webhooks.Database;
using Microsoft.Extensions.Options;

namespace ArdorQr.Webhooks.Features;

/// <summary>What an owner's event says to a merchant.</summary>
/// <param name="Id">The owner's event id: what merchants deduplicate by.</param>
/// <param name="MerchantId">Whose object it is.</param>
/// <param name="Mode">In which world.</param>
/// <param name="Type">One of the five webhook types.</param>
/// <param name="CreatedAt">The owner's time.</param>
/// <param name="Data">The object's snapshot.</param>
internal sealed record OwnerEvent(
    Guid Id, Guid MerchantId, Mode Mode, string Type, DateTimeOffset CreatedAt, JsonElement Data)
{
    /// <summary>The event with the body that every attempt sends.</summary>
    public NewEvent ToStored() => new(Id, MerchantId, Mode, Type, CreatedAt, JsonSerializer.SerializeToUtf8Bytes(
        new WebhookBody(Id, Type, CreatedAt, Mode, Data), ApiJson.Options));

    private sealed record WebhookBody(Guid Id, string Type, DateTimeOffset CreatedAt, Mode Mode, JsonElement Data);
}

/// <summary>
/// What all consumers of owners' events do: the acceptance, the event and its delivery commit together. Where there is
/// room, the delivery is stored under this process's lease and sent from memory: nobody has to look for it.
/// </summary>
internal sealed class EventIntake(
    ServiceDatabase database, ClaimedWork work, DeliverySignal signal, IOptions<WebhooksOptions> options,
    TimeProvider time)
{
    /// <param name="consumer">The consumer's queue.</param>
    /// <param name="told">What happened.</param>
    /// <param name="cancellationToken">Stops the statements.</param>
    public async Task StoreAsync(string consumer, OwnerEvent told, CancellationToken cancellationToken)
    {
        var stored = told.ToStored();
        await using var transaction = await database.BeginAsync(cancellationToken);
        if (!await transaction.TryAcceptAsync(consumer, told.Id, cancellationToken))
        {
            return; // Redelivered: the delivery exists.
        }

        var endpoint = await EndpointLocks.ShareAsync(transaction, told.MerchantId, told.Mode, cancellationToken);
        if (!await NewDelivery.TryAddEventAsync(transaction, stored, cancellationToken))
        {
            await transaction.CommitAsync(cancellationToken);
            return;
        }

        if (endpoint is not { IsActive: true, IsTroubled: false, IsResting: false }
            || work.TryReserve(told.MerchantId, told.Mode) is not { } share)
        {
            await NewDelivery.AddAsync(
                transaction, Guid.CreateVersion7(time.GetUtcNow()), told.Id, endpoint.IsActive, redeliveryOf: null,
                cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            Look(stored, endpoint);
            return;
        }

        await StoreClaimedAsync(transaction, stored, endpoint, share, cancellationToken);
    }

    /// <summary>A process that dies then leaves the lease to run out, and the delivery is claimed by another.</summary>
    private async Task StoreClaimedAsync(
        ServiceTransaction transaction, NewEvent stored, SharedEndpoint endpoint, int share,
        CancellationToken cancellationToken)
    {
        var claim = ClaimOf(stored, endpoint);
        var claimedAt = time.GetTimestamp();
        var isOurs = false;
        try
        {
            var isClaimed = await NewDelivery.AddClaimedAsync(transaction, claim, share, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            isOurs = isClaimed;
        }
        finally
        {
            if (!isOurs)
            {
                work.Forgo(stored.MerchantId, stored.Mode);
            }
        }

        if (isOurs)
        {
            work.Start(claim, claimedAt);
        }
        else
        {
            Look(stored, endpoint);
        }
    }

    private ClaimedDelivery ClaimOf(NewEvent stored, SharedEndpoint endpoint) => new()
    {
        Id = Guid.CreateVersion7(time.GetUtcNow()),
        EventId = stored.EventId,
        MerchantId = stored.MerchantId,
        Mode = stored.Mode,
        Epoch = 1,
        Traceparent = Activity.Current?.Id,
        Body = stored.Body,
        Url = endpoint.Url!,
        Secret = endpoint.Secret!,
        SecretKeyId = endpoint.SecretKeyId!,
        PreviousSecret = endpoint.PreviousSecret,
        PreviousSecretKeyId = endpoint.PreviousSecretKeyId,
        EndpointVersion = endpoint.Version,
    };

    /// <summary>Wakes the dispatcher, unless it could do nothing: what rests is found by polling.</summary>
    private void Look(NewEvent stored, SharedEndpoint endpoint)
    {
        var share = endpoint.IsTroubled
            ? options.Value.MaxInFlightPerFailingEndpoint
            : options.Value.MaxInFlightPerEndpoint;
        if (endpoint is { IsActive: true, IsResting: false }
            && !work.IsHeldBack(stored.MerchantId, stored.Mode, share))
        {
            signal.Wake();
        }
    }
}
