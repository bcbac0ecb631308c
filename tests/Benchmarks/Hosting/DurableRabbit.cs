using System.Net.Sockets;
using System.Security.Cryptography;

namespace ArdorQr.Benchmarks.Hosting;

/// <summary>A RabbitMQ of this run's own, as <c>./run</c> starts one without a container engine.</summary>
internal sealed class DurableRabbit : IAsyncDisposable
{
    private const string User = "bench";

    private readonly ChildProcess _server;

    /// <summary>The processor time that the server has used, all its processes together.</summary>
    public TimeSpan ProcessorTime => _server.TreeProcessorTime;

    private DurableRabbit(ChildProcess server, string uri) => (_server, Uri) = (server, uri);

    public string Uri { get; }

    public static async Task<DurableRabbit> StartAsync(CancellationToken cancellationToken)
    {
        var password = RandomNumberGenerator.GetHexString(32);
        var port = ChildProcess.FreePort();
        var script = Path.Combine(BenchFolder.Repository, "AppHost/Infrastructure/rabbitmq-server");
        string[] command =
            [script, Path.Combine(BenchFolder.Path, "rabbitmq"), $"{port}", $"{ChildProcess.FreePort()}", $"{ChildProcess.FreePort()}"];
        var process = new ChildProcess("rabbitmq", command, new Dictionary<string, string?>
        {
            ["RABBITMQ_USER"] = User,
            ["RABBITMQ_PASSWORD"] = password,
        });
        var server = new DurableRabbit(process, $"amqp://{User}:{password}@127.0.0.1:{port}/");
        await process.WaitUntilAsync(() => ListensAsync(port, cancellationToken), cancellationToken);
        return server;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static async Task<bool> ListensAsync(int port, CancellationToken cancellationToken)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", port, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
