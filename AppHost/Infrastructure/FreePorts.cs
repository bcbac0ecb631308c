using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace ArdorQr.AppHost.Infrastructure;

/// <summary>
/// Loopback ports that nobody listens on. Taken from below the range that Linux gives to outgoing connections: one of
/// those could otherwise take the port between its choice and the server's start.
/// </summary>
internal static class FreePorts
{
    private const int Lowest = 10_000;
    private const int AboveHighest = 32_768;
    private const int MaxTries = 200;

    private static readonly HashSet<int> _handedOut = [];
    private static readonly Lock _lock = new();

    public static int Next()
    {
        lock (_lock)
        {
            for (var tries = 0; tries < MaxTries; tries++)
            {
                var port = RandomNumberGenerator.GetInt32(Lowest, AboveHighest);
                if (IsFree(port) && _handedOut.Add(port))
                {
                    return port;
                }
            }
        }

        throw new SetupException($"No free port was found among {Lowest} to {AboveHighest - 1} in {MaxTries} tries.");
    }

    public static bool IsFree(int port) => IsFree(IPAddress.Loopback, port) && IsFree(IPAddress.IPv6Loopback, port);

    private static bool IsFree(IPAddress address, int port)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(address, port));
            return true;
        }
        catch (SocketException exception)
        {
            // A machine without IPv6 has no such address: then nobody listens on it either.
            return exception.SocketErrorCode
                is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported;
        }
    }
}
