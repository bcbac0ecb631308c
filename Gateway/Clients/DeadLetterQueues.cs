using System.Globalization;
using System.Text;
using System.Text.Json;
using ArdorQr.Gateway.Database;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Hosting;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace ArdorQr.Gateway.Clients;

/// <summary>
/// The broker's error queues. What lies there is moved to our database, message by message, so that looking at it neither
/// reorders nor wears out the queue; from there it goes back to the queue it came from.
/// </summary>
internal sealed class DeadLetterQueues(ServiceDatabase database, Connections connections, TimeProvider time)
{
    private const string ErrorSuffix = "_error";
    private const string FaultHeaders = "MT-Fault-";
    private const int MaxMovedPerQueue = 1_000;
    private const int ConnectTimeoutSeconds = 5;
    private const int MaxTries = 5;

    private static readonly TimeSpan PauseOfABroker = TimeSpan.FromMilliseconds(300);

    /// <summary>Every consumer's queue, all services'.</summary>
    public static IReadOnlyList<string> Consumers { get; } =
    [
        "gateway.checkpoint-signed", "gateway.webhook-endpoint-disabled",
        "ledger.deposit-confirmed", "ledger.payment-completed", "ledger.payment-rejected", "ledger.payment-contradicted",
        "deposits.merchant-registered", "deposits.deposit-posted",
        "payments.payment-settled", "payments.payment-refunded", "payments.discrepancy-booked",
        "webhooks.deposit-detected", "webhooks.deposit-credited",
        "webhooks.payment-processing", "webhooks.payment-completed", "webhooks.payment-failed",
    ];

    /// <summary>
    /// Moves what lies in the error queues to our database. A queue that has just been made has no leader for a moment: the
    /// broker ends the connection of who asks it then, and is asked again.
    /// </summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await DrainOnceAsync(cancellationToken);
                return;
            }
            catch (OperationInterruptedException exception) when (
                tries < MaxTries && exception.ShutdownReason?.ReplyCode == Constants.InternalError)
            {
                await Task.Delay(PauseOfABroker, time, cancellationToken);
            }
        }
    }

    private async Task DrainOnceAsync(CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync(cancellationToken);
        foreach (var queue in Consumers)
        {
            await DrainAsync(connection, queue, cancellationToken);
        }
    }

    /// <summary>How many lie in the error queues; they stay there.</summary>
    public async Task<long> CountAsync(CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync(cancellationToken);
        var count = 0L;
        foreach (var queue in Consumers)
        {
            await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
            try
            {
                count += (await channel.QueueDeclarePassiveAsync(queue + ErrorSuffix, cancellationToken)).MessageCount;
            }
            catch (OperationInterruptedException exception) when (IsNoSuchQueue(exception))
            {
                // No such queue: nothing of this consumer was ever dead-lettered.
            }
        }

        return count;
    }

    /// <summary>Sends it to its consumer again; returns when the broker has taken it.</summary>
    public async Task ReplayAsync(DeadLetterRow letter, CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync(cancellationToken);
        await using var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true),
            cancellationToken);
        var properties = new BasicProperties
        {
            MessageId = letter.MessageId,
            ContentType = letter.ContentType,
            DeliveryMode = DeliveryModes.Persistent,
            Headers = JsonSerializer.Deserialize<Dictionary<string, string>>(letter.Headers)!
                .ToDictionary(header => header.Key, object? (header) => header.Value),
        };
        // By the consumer's own exchange: the right to the broker's default one would be a right to every queue. Mandatory: a
        // queue that isn't there is an error, not a silence.
        await channel.BasicPublishAsync(letter.Queue, "", mandatory: true, properties, letter.Body, cancellationToken);
    }

    private async Task DrainAsync(IConnection connection, string queue, CancellationToken cancellationToken)
    {
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        for (var moved = 0; moved < MaxMovedPerQueue; moved++)
        {
            BasicGetResult? got;
            try
            {
                got = await channel.BasicGetAsync(queue + ErrorSuffix, autoAck: false, cancellationToken);
            }
            catch (OperationInterruptedException exception) when (IsNoSuchQueue(exception))
            {
                return; // No such queue: nothing of this consumer was ever dead-lettered.
            }

            if (got is null)
            {
                return;
            }

            await DeadLetters.KeepAsync(database, RowOf(queue, got), cancellationToken);
            await channel.BasicAckAsync(got.DeliveryTag, multiple: false, cancellationToken);
        }
    }

    private static bool IsNoSuchQueue(OperationInterruptedException exception) =>
        exception.ShutdownReason?.ReplyCode == Constants.NotFound;

    private DeadLetterRow RowOf(string queue, BasicGetResult got)
    {
        var id = Guid.CreateVersion7(time.GetUtcNow());
        var headers = (got.BasicProperties.Headers ?? new Dictionary<string, object?>())
            .Select(header => (header.Key, Text: TextOf(header.Value))).Where(header => header.Text is not null)
            .ToDictionary(header => header.Key, header => header.Text!);
        var envelope = EnvelopeOf(got.Body.Span);
        return new DeadLetterRow
        {
            Id = id,
            Queue = queue,
            MessageId = got.BasicProperties.MessageId ?? envelope.MessageId ?? $"{id}",
            MessageType = envelope.Type ?? "unknown",
            ContentType = got.BasicProperties.ContentType ?? "application/vnd.masstransit+json",
            Body = got.Body.ToArray(),
            Headers = JsonSerializer.Serialize(headers.Where(header => !IsOfTheFailure(header.Key)).ToDictionary()),
            Reason = $"{headers.GetValueOrDefault($"{FaultHeaders}ExceptionType")}: {headers.GetValueOrDefault($"{FaultHeaders}Message")}",
            FailedAt = DateTimeOffset.TryParse(
                headers.GetValueOrDefault($"{FaultHeaders}Timestamp"), CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal, out var at) ? at.ToUniversalTime() : null,
        };
    }

    private static bool IsOfTheFailure(string header) =>
        header.StartsWith(FaultHeaders, StringComparison.Ordinal) || header.StartsWith("x-", StringComparison.Ordinal)
        || header is "MT-Reason";

    private static string? TextOf(object? value) => value switch
    {
        byte[] bytes => Encoding.UTF8.GetString(bytes),
        string text => text,
        _ => null,
    };

    private static (string? MessageId, string? Type) EnvelopeOf(ReadOnlySpan<byte> body)
    {
        try
        {
            var json = JsonSerializer.Deserialize<Envelope>(body, JsonSerializerOptions.Web);
            return (json?.MessageId, json?.MessageType is [var type, ..] ? type : null);
        }
        catch (JsonException)
        {
            return default; // Perhaps that is why nobody could take it.
        }
    }

    private Task<IConnection> ConnectAsync(CancellationToken cancellationToken) => new ConnectionFactory
    {
        Uri = connections.Broker,
        ClientProvidedName = "gateway dead letters",
        RequestedConnectionTimeout = TimeSpan.FromSeconds(ConnectTimeoutSeconds),
        AutomaticRecoveryEnabled = false,
    }.CreateConnectionAsync(cancellationToken);

    private sealed record Envelope(string? MessageId, IReadOnlyList<string>? MessageType);
}
