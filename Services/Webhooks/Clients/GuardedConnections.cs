using System.Net;
using System.Net.Sockets;
using ArdorQr.Webhooks.Domain;

namespace ArdorQr.Webhooks.Clients;

/// <summary>A name's addresses. Tests bring their own; a literal address resolves to itself.</summary>
internal delegate Task<IPAddress[]> ResolveHost(string host, CancellationToken cancellationToken);

/// <summary>A TCP connection to an address that was found good. Tests lead it to a receiver of theirs.</summary>
internal delegate Task<Stream> OpenConnection(IPEndPoint address, CancellationToken cancellationToken);

/// <summary>A connection was refused because of where it would have led.</summary>
internal sealed class AddressForbiddenException(string host)
    : IOException($"{host} leads to an address that webhooks may not reach.");

/// <summary>
/// Opens connections to receivers, each to an address that was checked in the same breath: a name that resolves to
/// something else between a check and the connect would be a door into our network.
/// </summary>
internal sealed class GuardedConnections(ResolveHost resolve, OpenConnection open)
{
    private const int MaxAddresses = 8;

    /// <summary>Marks a request as development's exception: it may reach this machine, and nothing else.</summary>
    public static readonly HttpRequestOptionsKey<bool> OnThisMachine = new("ArdorQr.Webhooks.OnThisMachine");

    /// <summary>For <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    /// <exception cref="AddressForbiddenException">
    /// One of the name's addresses is none that webhooks may reach.
    /// </exception>
    /// <exception cref="SocketException">The name can't be resolved, or nobody answers there.</exception>
    public async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var target = context.DnsEndPoint;
        var onThisMachine = context.InitialRequestMessage.Options.TryGetValue(OnThisMachine, out var marked) && marked;
        var addresses = await ResolveAsync(target.Host, onThisMachine, cancellationToken);
        return await ConnectAsync(addresses, target.Port, cancellationToken);
    }

    /// <summary>A name's addresses, every one of them checked.</summary>
    /// <exception cref="AddressForbiddenException">One of them is none that webhooks may reach.</exception>
    /// <exception cref="SocketException">There are none.</exception>
    public async Task<IReadOnlyList<IPAddress>> ResolveAsync(
        string host, bool onThisMachine, CancellationToken cancellationToken)
    {
        var addresses = await resolve(host, cancellationToken);
        if (!addresses.All(address => IsAllowed(address, onThisMachine)))
        {
            throw new AddressForbiddenException(host);
        }

        return addresses.Length > 0 ? addresses : throw new SocketException((int)SocketError.HostNotFound);
    }

    /// <summary>Connects to the first address that answers.</summary>
    /// <param name="addresses">What <see cref="ResolveAsync"/> returned a moment ago.</param>
    /// <param name="port">The receiver's.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="SocketException">Nobody answers.</exception>
    public async Task<Stream> ConnectAsync(
        IReadOnlyList<IPAddress> addresses, int port, CancellationToken cancellationToken)
    {
        SocketException? failure = null;
        foreach (var address in addresses.Take(MaxAddresses))
        {
            try
            {
                return await open(new IPEndPoint(address, port), cancellationToken);
            }
            catch (SocketException exception)
            {
                failure = exception; // The next address may answer.
            }
        }

        throw failure!;
    }

    /// <summary>True if a name leads, as far as it can be told now, where no webhook may be sent to.</summary>
    public async Task<bool> LeadsAstrayAsync(ReceiverUrl url, CancellationToken cancellationToken)
    {
        try
        {
            await ResolveAsync(url.Uri.IdnHost, url.IsOnThisMachine, cancellationToken);
            return false;
        }
        catch (AddressForbiddenException)
        {
            return true;
        }
        catch (Exception exception) when (
            exception is SocketException or OperationCanceledException or ArgumentException)
        {
            return false; // What can't be resolved is judged at delivery.
        }
    }

    private static bool IsAllowed(IPAddress address, bool onThisMachine) =>
        onThisMachine ? IPAddress.IsLoopback(address) : AddressRules.IsPublic(address);
}
