using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>Its broker, as a client of its own sees it.</summary>
public sealed partial class RunningSystem
{
    /// <summary>How many messages lie in dead-letter queues; the queues are those of the consumers.</summary>
    public async Task<uint> DeadLettersAsync(CancellationToken cancellationToken)
    {
        string[] queues =
        [
            "ledger.deposit-confirmed", "ledger.payment-completed", "ledger.payment-rejected",
            "deposits.merchant-registered", "deposits.deposit-posted",
            "payments.payment-settled", "payments.payment-refunded",
            "webhooks.deposit-detected", "webhooks.deposit-credited",
            "webhooks.payment-processing", "webhooks.payment-completed", "webhooks.payment-failed",
        ];
        await using var connection = await ConnectToBrokerAsync(cancellationToken);
        uint count = 0;
        foreach (var queue in queues)
        {
            // The queue itself must be there: a wrong name here would count nothing.
            await using (var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken))
            {
                await channel.QueueDeclarePassiveAsync(queue, cancellationToken);
            }

            await using var errors = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
            try
            {
                count += (await errors.QueueDeclarePassiveAsync($"{queue}_error", cancellationToken)).MessageCount;
            }
            catch (OperationInterruptedException)
            {
                // No such queue: nothing of this consumer was ever dead-lettered.
            }
        }

        return count;
    }

    /// <summary>Sends a consumer what it can't read.</summary>
    public async Task SendUnreadableAsync(
        string queue, CancellationToken cancellationToken, string message = "unreadable")
    {
        await using var connection = await ConnectToBrokerAsync(cancellationToken);
        await using var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true),
            cancellationToken);
        var properties = new BasicProperties
        {
            ContentType = "application/vnd.masstransit+json", DeliveryMode = DeliveryModes.Persistent,
        };
        await channel.BasicPublishAsync(
            "", queue, mandatory: true, properties, Encoding.UTF8.GetBytes(message), cancellationToken);
    }

    private async Task<IConnection> ConnectToBrokerAsync(CancellationToken cancellationToken) => await new ConnectionFactory
    {
        Uri = new(await EnvironmentAsync("ledger", "ConnectionStrings__broker", cancellationToken)),
    }.CreateConnectionAsync(cancellationToken);
}
