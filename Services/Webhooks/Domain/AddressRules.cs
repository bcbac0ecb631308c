using System.Net;
using System.Net.Sockets;

namespace ArdorQr.Webhooks.Domain;

/// <summary>
/// Which IP addresses a webhook may be sent to: hosts of the public internet and nothing else. The ranges are those of
/// IANA's special-purpose registries (RFC 6890 and its updates) and of the clouds' metadata services.
/// </summary>
internal static class AddressRules
{
    private const int NetworkPrefixBytes = 12; // Of the 16 bytes of an address that ends in an IPv4 one.

    private static readonly IPNetwork[] Forbidden4 =
    [
        .. new[]
        {
            "0.0.0.0/8", // This network.
            "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", // Private.
            "100.64.0.0/10", // Carrier-grade NAT; a cloud's metadata too (100.100.100.200).
            "127.0.0.0/8", // Loopback.
            "168.63.129.16/32", // A cloud's host services on a public number.
            "169.254.0.0/16", // Link-local; metadata (169.254.169.254).
            // Protocols and relays.
            "192.0.0.0/24", "192.88.99.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.175.48.0/24",
            "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", // Documentation.
            "198.18.0.0/15", // Benchmarks.
            "224.0.0.0/4", // Multicast.
            "240.0.0.0/4", // Reserved, broadcast.
        }.Select(IPNetwork.Parse),
    ];

    /// <summary>
    /// Global unicast: what lies outside (loopback, ULA, link-local, multicast, IPv4-compatible …) is refused.
    /// </summary>
    private static readonly IPNetwork Global6 = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork[] Forbidden6 =
    [
        .. new[]
        {
            "2001::/23", // Protocol assignments: Teredo, benchmarks, ORCHID.
            "2001:db8::/32", "3fff::/20", // Documentation.
            "2002::/16", // 6to4: deprecated, and each address stands for an IPv4 one.
            "3ffe::/16", // The former 6bone.
            "2620:4f:8000::/48", // AS112.
        }.Select(IPNetwork.Parse),
    ];

    /// <summary>
    /// NAT64's well-known prefix (RFC 6052): the address stands for the IPv4 one in its last 4 bytes.
    /// </summary>
    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");

    /// <summary>
    /// ISATAP's interface identifier (RFC 5214), with the universal bit or without: the last 4 bytes are an IPv4
    /// address that the packet would go to.
    /// </summary>
    private static readonly byte[][] IsatapIdentifiers = [[0x00, 0x00, 0x5e, 0xfe], [0x02, 0x00, 0x5e, 0xfe]];

    public static bool IsPublic(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            return !Forbidden4.Any(network => network.Contains(address));
        }

        if (address.IsIPv4MappedToIPv6 || Nat64.Contains(address))
        {
            return IsPublic(Embedded4(address));
        }

        return Global6.Contains(address) && !Forbidden6.Any(network => network.Contains(address))
            && (!IsIsatap(address) || IsPublic(Embedded4(address)));
    }

    private static IPAddress Embedded4(IPAddress address) => new(address.GetAddressBytes().AsSpan(NetworkPrefixBytes));

    private static bool IsIsatap(IPAddress address)
    {
        var identifier = address.GetAddressBytes().AsMemory(NetworkPrefixBytes - IsatapIdentifiers[0].Length);
        return IsatapIdentifiers.Any(start => identifier.Span.StartsWith(start));
    }
}
