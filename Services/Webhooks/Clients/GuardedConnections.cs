using System.Net;
using System.Net.Sockets;
using ArdorQr.Webhooks.Domain;

namespace ArdorQr.Webhooks.Clients;

/// <summary>A name's addresses. Tests bring their own; a literal address resolves to itself.</summary>
internal delegate Task<IPAddress[]> ResolveHost(string host, CancellationToken cancellationToken);

/// <summary>A connection was refused because of where it would have led.</summary>
internal sealed class AddressForbiddenException(string host) : IOException($"{host} leads to an address that webhooks may not reach.");

/// <summary>
/// Opens connections to receivers, each to an address that was checked in the same breath: a name that resolves to
/// something else between a check and the connect would be a door into our network.
/// </summary>
internal sealed class GuardedConnections(ResolveHost resolve)
{
    private const int MaxAddresses = 8;
    private const int AddressTimeoutSeconds = 5;

    /// <summary>Marks a request as development's exception: it may reach this machine, and nothing else.</summary>
    public static readonly HttpRequestOptionsKey<bool> OnThisMachine = new("ArdorQr.Webhooks.OnThisMachine");

    /// <summary>For <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    /// <exception cref="AddressForbiddenException">One of the name's addresses is none that webhooks may reach.</exception>
    /// <exception cref="SocketException">The name can't be resolved, or nobody answers there.</exception>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var target = context.DnsEndPoint;
        var addresses = await resolve(target.Host, cancellationToken);
        var onThisMachine = context.InitialRequestMessage.Options.TryGetValue(OnThisMachine, out var marked) && marked;
        if (!addresses.All(address => IsAllowed(address, onThisMachine)))
        {
            throw new AddressForbiddenException(target.Host);
        }

        SocketException? failure = null;
        foreach (var address in addresses.Take(MaxAddresses))
        {
            try
            {
                return await ConnectAsync(new IPEndPoint(address, target.Port), cancellationToken);
            }
            catch (SocketException exception)
            {
                failure = exception; // The next address may answer.
            }
        }

        throw failure ?? new SocketException((int)SocketError.HostNotFound);
    }

    /// <summary>True if a name leads, as far as it can be told now, where no webhook may be sent to.</summary>
    public async Task<bool> LeadsAstrayAsync(ReceiverUrl url, CancellationToken cancellationToken)
    {
        try
        {
            var addresses = await resolve(url.Uri.IdnHost, cancellationToken);
            return !addresses.All(address => IsAllowed(address, url.IsOnThisMachine));
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException or ArgumentException)
        {
            return false; // What can't be resolved is judged at delivery.
        }
    }

    private static bool IsAllowed(IPAddress address, bool onThisMachine) =>
        onThisMachine ? IPAddress.IsLoopback(address) : AddressRules.IsPublic(address);

    private static async Task<Stream> ConnectAsync(IPEndPoint endpoint, CancellationToken cancellationToken)
    {
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(TimeSpan.FromSeconds(AddressTimeoutSeconds));
        try
        {
            await socket.ConnectAsync(endpoint, timeout.Token);
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
