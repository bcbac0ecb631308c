using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Npgsql;

namespace ArdorQr.Ledger.Tests;

/// <summary>
/// Stands between a service and PostgreSQL, and when armed cuts one connection around its next COMMIT: before it, or
/// after the server has answered it, so that the answer never arrives.
/// </summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly NpgsqlConnectionStringBuilder _server;
    private readonly Task _accepting;
    private Cut? _armed;
    private int _cuts;

    public CuttingProxy(string connectionString)
    {
        _server = new NpgsqlConnectionStringBuilder(connectionString);
        _listener.Start();
        var port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        ConnectionString = new NpgsqlConnectionStringBuilder(connectionString) { Host = "127.0.0.1", Port = port }.ConnectionString;
        _accepting = AcceptAsync();
    }

    internal enum Cut
    {
        BeforeCommit,
        AfterCommit,
    }

    public string ConnectionString { get; }

    /// <summary>How many connections were cut.</summary>
    public int Cuts => _cuts;

    /// <summary>Cuts the connection that commits next.</summary>
    public void Arm(Cut cut) => _armed = cut;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var relays = new List<Task>();
        try
        {
            while (true)
            {
                relays.Add(RelayAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(relays);
        }
    }

    private async Task RelayAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            try
            {
                await server.ConnectAsync(_server.Host!, _server.Port, _stop.Token);
                var (up, down) = (client.GetStream(), server.GetStream());
                var answers = new Answers();
                await Task.WhenAny(SendUpAsync(up, down, answers), SendDownAsync(down, up, answers));
            }
            catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException)
            {
                // Either side ended, or the test did: the other side is closed with it.
            }
        }
    }

    private async Task SendUpAsync(NetworkStream client, NetworkStream server, Answers answers)
    {
        var (messages, buffer) = (new MessageReader(), new byte[64 * 1024]);
        for (int read; (read = await client.ReadAsync(buffer, _stop.Token)) > 0;)
        {
            foreach (var (message, isCommit) in messages.Read(buffer.AsSpan(0, read)))
            {
                if (isCommit && _armed is { } cut)
                {
                    _armed = null;
                    Interlocked.Increment(ref _cuts);
                    if (cut == Cut.BeforeCommit)
                    {
                        return;
                    }

                    answers.AreLost = true;
                }

                await server.WriteAsync(message, _stop.Token);
            }
        }
    }

    private async Task SendDownAsync(NetworkStream server, NetworkStream client, Answers answers)
    {
        var buffer = new byte[64 * 1024];
        for (int read; (read = await server.ReadAsync(buffer, _stop.Token)) > 0 && !answers.AreLost;)
        {
            await client.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
        }
    }

    private sealed class Answers
    {
        public volatile bool AreLost;
    }

    /// <summary>
    /// Cuts what a client sends into the protocol's messages, and knows a COMMIT: as a simple query, or as the execution
    /// of a statement that was prepared of it.
    /// </summary>
    private sealed class MessageReader
    {
        private const int SslRequest = 80877103;
        private const int GssRequest = 80877104;

        private readonly HashSet<string> _prepared = [];
        private readonly List<byte> _rest = [];
        private bool _isStarted;

        public List<(byte[] Message, bool IsCommit)> Read(ReadOnlySpan<byte> bytes)
        {
            _rest.AddRange(bytes);
            var messages = new List<(byte[], bool)>();
            while (TryTake() is { } message)
            {
                messages.Add((message, IsCommit(message)));
            }

            return messages;
        }

        private byte[]? TryTake()
        {
            var type = _isStarted ? 1 : 0; // The messages before the start-up have no type.
            var all = CollectionsMarshal.AsSpan(_rest);
            if (all.Length < type + 4 || all.Length < type + BinaryPrimitives.ReadInt32BigEndian(all[type..]))
            {
                return null;
            }

            var message = all[..(type + BinaryPrimitives.ReadInt32BigEndian(all[type..]))].ToArray();
            _rest.RemoveRange(0, message.Length);
            _isStarted = _isStarted || BinaryPrimitives.ReadInt32BigEndian(message.AsSpan(4)) is not (SslRequest or GssRequest);
            return message;
        }

        private bool IsCommit(byte[] message)
        {
            var parts = Encoding.UTF8.GetString(message.AsSpan(Math.Min(5, message.Length))).Split('\0');
            switch ((char)message[0])
            {
                case 'P' when parts[1] == "COMMIT":
                    _prepared.Add(parts[0]);
                    return false;
                case 'B':
                    return _prepared.Contains(parts[1]);
                default:
                    return message[0] == 'Q' && parts[0] == "COMMIT";
            }
        }
    }
}
