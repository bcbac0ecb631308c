using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace ArdorQr.ServiceDefaults.Messaging;

/// <summary>
/// Ids that come out the same when the same fact is recorded again: after a restore from a backup, what was lost is found
/// outside once more, and whoever heard of it the first time knows it by its id. They are UUIDs of version 7, with a
/// hash in place of chance.
/// </summary>
public static class StableId
{
    private const int TimeBytes = 6;
    private const int IdBytes = 16;

    /// <summary>The id of what befalls an object once.</summary>
    /// <param name="subject">The object's id, whose time it takes.</param>
    /// <param name="fact">Names what befell it, such as <c>payment-completed</c>: a constant for ever.</param>
    public static Guid Of(Guid subject, string fact)
    {
        Span<byte> bytes = stackalloc byte[IdBytes];
        subject.TryWriteBytes(bytes, bigEndian: true, out _);
        return Make(bytes[..TimeBytes], [.. bytes, .. Encoding.UTF8.GetBytes(fact)]);
    }

    /// <summary>The id of something that is known by facts of the outside.</summary>
    /// <param name="at">A time that belongs to it, and never another.</param>
    /// <param name="fact">All that tells it from others.</param>
    public static Guid Of(DateTimeOffset at, string fact)
    {
        Span<byte> milliseconds = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(milliseconds, at.ToUnixTimeMilliseconds());
        return Make(milliseconds[(sizeof(long) - TimeBytes)..], Encoding.UTF8.GetBytes(fact));
    }

    private static Guid Make(ReadOnlySpan<byte> time, byte[] name)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(name, hash);
        var id = hash[..IdBytes];
        time.CopyTo(id);
        id[6] = (byte)((id[6] & 0x0F) | 0x70); // Version 7.
        id[8] = (byte)((id[8] & 0x3F) | 0x80); // The variant of RFC 9562.
        return new Guid(id, bigEndian: true);
    }
}
