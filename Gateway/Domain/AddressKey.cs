using System.Buffers.Binary;
using System.Net;

namespace ArdorQr.Gateway.Domain;

/// <summary>
/// What counts as one address when requests are counted: an IPv4 address, or the /64 that one IPv6 subscriber has all to
/// himself. It fits into a number, so that counting costs no memory but the count.
/// </summary>
internal static class AddressKey
{
    /// <summary>No address of the global internet begins so.</summary>
    private const ulong Ipv4Mark = 0x0000_FFFF_0000_0000;

    public static ulong Of(IPAddress? address)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (address is null || !AddressRange.Plain(address).TryWriteBytes(bytes, out var length))
        {
            return 0;
        }

        return length == 4
            ? Ipv4Mark | BinaryPrimitives.ReadUInt32BigEndian(bytes)
            : BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }
}
