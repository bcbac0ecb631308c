using System.Net;
using System.Net.Sockets;

namespace ArdorQr.Webhooks.Clients;

/// <summary>
/// Real TCP connections, each with a limit of its own, so that a dead address leaves time for the next one.
/// </summary>
internal static class Sockets
{
    private const int TimeoutSeconds = 5;

    /// <exception cref="SocketException">Nobody answers, or not in time.</exception>
    public static async Task<Stream> ConnectAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(TimeSpan.FromSeconds(TimeoutSeconds));
        try
        {
            await socket.ConnectAsync(address, timeout.Token);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            socket.Dispose();
            throw new SocketException((int)SocketError.TimedOut);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
