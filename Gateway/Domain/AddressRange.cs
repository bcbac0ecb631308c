using System.Net;
using System.Net.Sockets;

namespace ArdorQr.Gateway.Domain;

/// <summary>An IP address or a network in CIDR form. IPv4 written as IPv6 is IPv4.</summary>
internal readonly record struct AddressRange(IPNetwork Network)
{
    private const int MaxLength = 49;
    private const int MappedPrefixBits = 96;

    /// <summary>The range, or null for anything else; a network's host bits must be zero.</summary>
    public static AddressRange? TryParse(string? text)
    {
        if (text is null or { Length: > MaxLength })
        {
            return null;
        }

        if (IPNetwork.TryParse(text, out var network))
        {
            if (!IPAddress.Parse(text[..text.IndexOf('/')]).Equals(network.BaseAddress))
            {
                return null; // One address with a network's length: whichever was meant, the other would be wrong.
            }

            return network.BaseAddress.IsIPv4MappedToIPv6
                ? network.PrefixLength < MappedPrefixBits
                    ? null
                    : new(new IPNetwork(network.BaseAddress.MapToIPv4(), network.PrefixLength - MappedPrefixBits))
                : new(network);
        }

        // IPAddress reads "1" and "0x7f.1" as addresses too: only what it would write itself counts.
        return IPAddress.TryParse(text, out var address)
            && string.Equals(address.ToString(), text, StringComparison.OrdinalIgnoreCase)
                ? Of(Plain(address))
                : null;
    }

    public static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    public bool Contains(IPAddress address) => Network.Contains(Plain(address));

    public bool Contains(AddressRange other) =>
        Network.BaseAddress.AddressFamily == other.Network.BaseAddress.AddressFamily
        && Network.PrefixLength <= other.Network.PrefixLength
        && Network.Contains(other.Network.BaseAddress);

    public override string ToString() =>
        Network.PrefixLength == Bits(Network.BaseAddress) ? Network.BaseAddress.ToString() : Network.ToString();

    private static AddressRange Of(IPAddress address) => new(new IPNetwork(address, Bits(address)));

    private static int Bits(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
}
