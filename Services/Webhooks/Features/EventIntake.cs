using System.Text.Json;
using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.Webhooks.Database;

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
/// What all consumers of owners' events do: the acceptance, the event and its delivery commit together.
/// </summary>
internal sealed class EventIntake(ServiceDatabase database, DeliverySignal signal, TimeProvider time)
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

        var isActive = await EndpointLocks.ShareAsync(transaction, told.MerchantId, told.Mode, cancellationToken);
        if (await NewDelivery.TryAddEventAsync(transaction, stored, cancellationToken))
        {
            var deliveryId = Guid.CreateVersion7(time.GetUtcNow());
            await NewDelivery.AddAsync(
                transaction, deliveryId, told.Id, isActive, redeliveryOf: null, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        signal.Wake();
    }
}
