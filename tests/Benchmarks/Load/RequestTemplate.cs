using System.Buffers.Text;
using System.Text;

namespace ArdorQr.Benchmarks.Load;

/// <summary>A whole HTTP request made once; only the ids in it are written anew for each sending.</summary>
internal sealed class RequestTemplate
{
    private readonly byte[] _bytes;
    private readonly int[] _slots;

    /// <param name="path">The path of a POST.</param>
    /// <param name="token">The bearer token, or null.</param>
    /// <param name="body">JSON in which each of <paramref name="slots"/> ids stands as <see cref="Slot"/> of its number.</param>
    /// <param name="slots">How many ids are written anew.</param>
    public RequestTemplate(string path, string? token, string body, int slots)
    {
        var authorization = token is null ? "" : $"Authorization: Bearer {token}\r\n";
        _bytes = Encoding.UTF8.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}Content-Type: application/json\r\n"
            + $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");
        _slots = [.. Enumerable.Range(0, slots).Select(slot => _bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes($"{Slot(slot)}")))];
    }

    /// <summary>What stands in a body where an id will be.</summary>
    public static Guid Slot(int number) => new(number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    public byte[] Copy() => [.. _bytes];

    public void Write(Span<byte> copy, int slot, Guid id) => Utf8Formatter.TryFormat(id, copy[_slots[slot]..], out _);
}

/// <summary>What a load sends.</summary>
internal interface IRequests
{
    /// <summary>May change during a load, as tokens expire.</summary>
    RequestTemplate Template { get; }

    /// <summary>Writes the next request's ids into a copy of the template.</summary>
    void Fill(RequestTemplate template, Span<byte> copy);
}
