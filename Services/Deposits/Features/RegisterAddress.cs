using ArdorQr.Contracts.Events;
using ArdorQr.Deposits.Database;
using ArdorQr.ServiceDefaults.Database;
using MassTransit;

namespace ArdorQr.Deposits.Features;

/// <summary>MerchantRegistered → the merchant has an address in every world that is set up.</summary>
internal sealed class RegisterAddress(ServiceDatabase database, Worlds worlds) : IConsumer<MerchantRegistered>
{
    public const string Queue = "deposits.merchant-registered";

    public async Task Consume(ConsumeContext<MerchantRegistered> context)
    {
        var (message, cancellationToken) = (context.Message, context.CancellationToken);
        await using var transaction = await database.BeginAsync(cancellationToken);
        if (!await transaction.TryAcceptAsync(Queue, message.EventId, cancellationToken))
        {
            return; // Redelivered: the addresses are there.
        }

        foreach (var world in worlds.All)
        {
            await Addresses.AssignAsync(
                transaction.Connection, world, message.MerchantId, message.MerchantNumber, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }
}
