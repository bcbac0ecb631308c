using System.Net.Sockets;
using System.Text;

namespace ArdorQr.Chaos.Hosting;

/// <summary>
/// A RabbitMQ of this run's own, as <c>./run</c> starts one without a container engine, but with the accounts and
/// permissions of an installation.
/// </summary>
internal sealed class Rabbit : IAsyncDisposable
{
    private const int HandshakeSeconds = 5;

    /// <param name="folder">Takes its data and its log.</param>
    /// <param name="advancedConfig">A file with more of its settings, in Erlang's terms.</param>
    public Rabbit(string folder, string? advancedConfig = null)
    {
        var definitions = Path.Combine(folder, "rabbitmq-definitions.json");
        Accounts = new BrokerAccounts(definitions);
        var script = Path.Combine(ChaosFolder.Repository, "AppHost/Infrastructure/rabbitmq-server");
        Process = new ServerProcess(
            "rabbitmq", folder,
            [script, Path.Combine(folder, "rabbitmq"), $"{Port}", $"{FreePorts.Next()}", $"{FreePorts.Next()}"],
            new Dictionary<string, string?>
            {
                ["RABBITMQ_DEFINITIONS"] = definitions,
                ["RABBITMQ_ADVANCED_CONFIG_FILE"] = advancedConfig,
            })
        {
            ProgramName = "beam.smp",
        };
    }

    public ServerProcess Process { get; }

    public int Port { get; } = FreePorts.Next();

    public BrokerAccounts Accounts { get; }

    /// <summary>The administrator's.</summary>
    public string UriBy(int port) => Accounts.UriOf(BrokerAccounts.Administrator, port);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        Process.Start();
        await ReadyAsync(cancellationToken);
    }

    public Task ReadyAsync(CancellationToken cancellationToken) =>
        Process.ReadyAsync(() => AnswersAsync(cancellationToken), restart: true, cancellationToken);

    public ValueTask DisposeAsync() => Process.DisposeAsync();

    /// <summary>It listens before it is ready; ready, it answers the protocol's header.</summary>
    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(TimeSpan.FromSeconds(HandshakeSeconds));
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", Port, timeout.Token);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes("AMQP\0\0\u0009\u0001"), timeout.Token);
            return await client.GetStream().ReadAsync(new byte[1], timeout.Token) == 1;
        }
        catch (Exception exception) when (exception is SocketException or IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return false;
        }
    }
}
