using System.Net;
using System.Net.Sockets;

namespace ArdorQr.Chaos.Hosting;

/// <summary>
/// Free ports, none given twice, below those that the system gives to outgoing connections: what restarts on its port
/// over and over mustn't find it taken by one of them.
/// </summary>
internal static class FreePorts
{
    private const int First = 12_000;
    private const int Count = 20_000;

    private static readonly Lock Gate = new();
    private static int _next = Environment.ProcessId * 61 % Count; // Another run on this machine begins elsewhere.

    public static int Next()
    {
        lock (Gate)
        {
            for (var tries = 0; tries < Count; tries++)
            {
                var port = First + _next;
                _next = (_next + 1) % Count;
                if (IsFree(port))
                {
                    return port;
                }
            }

            throw new InvalidOperationException("No port is free.");
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
