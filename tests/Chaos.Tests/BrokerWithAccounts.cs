using System.Reflection;
using System.Text.Json.Nodes;
using ArdorQr.Chaos.Hosting;
using ArdorQr.Contracts.Events;
using MassTransit;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace ArdorQr.Chaos.Tests;

/// <summary>A RabbitMQ with the services' accounts and with every exchange, queue and binding, but without the services.</summary>
public sealed class BrokerWithAccounts : IAsyncLifetime
{
    private const string OfMigration = "-migrate";

    private static readonly Dictionary<string, object?> Quorum = new() { ["x-queue-type"] = "quorum" };

    private readonly string _folder = Directory.CreateTempSubdirectory("ardorqr-rights-").FullName;
    private readonly Dictionary<string, IConnection> _connections = [];
    private readonly Rabbit _rabbit;

    public BrokerWithAccounts()
    {
        _rabbit = new Rabbit(_folder);
        // Those that migrations may fill; another test holds them against the code.
        var definitions = JsonNode.Parse(File.ReadAllText(Path.Combine(_folder, "rabbitmq-definitions.json")))!;
        Queues =
        [
            .. definitions["permissions"]!.AsArray()
                .Where(entry => ((string)entry!["user"]!).EndsWith(OfMigration, StringComparison.Ordinal))
                .SelectMany(entry => ((string)entry!["write"]!).Trim('^', '$', '(', ')').Split('|'))
                .Where(name => name.Length > 0)
                .Select(name => name.Replace("\\.", ".", StringComparison.Ordinal)),
        ];
    }

    /// <summary>The exchanges of all types of event.</summary>
    public static IReadOnlyList<string> Events { get; } =
    [
        .. typeof(IIntegrationEvent).Assembly.GetTypes()
            .Select(type => type.GetCustomAttribute<EntityNameAttribute>()?.EntityName).OfType<string>(),
    ];

    /// <summary>All consumers', each with an exchange of its name.</summary>
    public IReadOnlyList<string> Queues { get; }

    public IReadOnlyList<string> Accounts => _rabbit.Accounts.Services;

    /// <summary>Without the migrations'.</summary>
    public IEnumerable<string> AtRunTime => Accounts.Where(account => !account.EndsWith(OfMigration, StringComparison.Ordinal));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Whose event it is; no account's name for a queue.</summary>
    public static string PublisherOf(string name) => name.Split('.') is ["ardorqr", var service, ..] ? service : "";

    /// <summary>A queue, and the exchange of its name, is its service's and its migration's.</summary>
    public static bool IsOf(string account, string queue) =>
        queue.Split('.')[0] == account.Replace(OfMigration, "", StringComparison.Ordinal);

    public async ValueTask InitializeAsync()
    {
        await _rabbit.StartAsync(Cancellation);
        await using var channel = await OpenAsync(BrokerAccounts.Administrator);
        foreach (var exchange in Events.Concat(Queues))
        {
            await channel.ExchangeDeclareAsync(exchange, ExchangeType.Fanout, durable: true, cancellationToken: Cancellation);
        }

        foreach (var queue in Queues.SelectMany(queue => new[] { queue, $"{queue}_error" }))
        {
            await channel.QueueDeclareAsync(
                queue, durable: true, exclusive: false, autoDelete: false, Quorum, cancellationToken: Cancellation);
        }

        foreach (var queue in Queues)
        {
            await channel.QueueBindAsync(queue, queue, "", cancellationToken: Cancellation);
            var heard = Events.Single(name => name.Split('.')[2] == queue.Split('.')[1]);
            await channel.ExchangeBindAsync(queue, heard, "", cancellationToken: Cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections.Values)
        {
            await connection.DisposeAsync();
        }

        await _rabbit.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Whether the broker takes what is tried with this account; false when it refuses it for its rights.</summary>
    public async Task<bool> TakesAsync(string account, Func<IChannel, Task> tryAsync)
    {
        await using var channel = await OpenAsync(account);
        try
        {
            await tryAsync(channel);
            return true;
        }
        catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == Constants.AccessRefused)
        {
            return false;
        }
    }

    /// <summary>With confirms: a publishing that is refused fails then and there.</summary>
    private async Task<IChannel> OpenAsync(string account)
    {
        if (!_connections.TryGetValue(account, out var connection))
        {
            var factory = new ConnectionFactory { Uri = new Uri(_rabbit.Accounts.UriOf(account, _rabbit.Port)) };
            _connections[account] = connection = await factory.CreateConnectionAsync(Cancellation);
        }

        return await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), Cancellation);
    }
}
