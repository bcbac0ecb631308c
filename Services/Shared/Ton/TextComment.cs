using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace ArdorQr.Ton;

/// <summary>
/// A text for people in a message: 32 zero bits and UTF-8, continued in the first reference of each cell ("snake").
/// </summary>
public static class TextComment
{
    /// <summary>The longest text read or written, in bytes of UTF-8.</summary>
    public const int MaxLengthBytes = 4096;

    private const int OpcodeBits = 32;
    private const int MaxBytesPerCell = Cell.MaxBits / 8;
    private const int MaxBytesInFirstCell = MaxBytesPerCell - (OpcodeBits / 8);

    private static readonly UTF8Encoding StrictUtf8 =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The text of a comment; false for anything else, invalid UTF-8 and texts that are too long.</summary>
    public static bool TryRead(Cell cell, [NotNullWhen(true)] out string? text)
    {
        ArgumentNullException.ThrowIfNull(cell);
        text = null;
        var slice = cell.BeginParse();
        if (slice.RemainingBits < OpcodeBits || slice.LoadUInt(OpcodeBits) != 0)
        {
            return false;
        }

        using var bytes = new MemoryStream();
        while (true) // Ends: a chain of references has at most Cell.MaxDepth cells.
        {
            if (slice.RemainingBits % 8 != 0 || slice.RemainingRefs > 1)
            {
                return false;
            }

            bytes.Write(slice.LoadBytes(slice.RemainingBits / 8));
            if (bytes.Length > MaxLengthBytes)
            {
                return false;
            }

            if (slice.RemainingRefs == 0)
            {
                return TryDecode(bytes.ToArray(), out text);
            }

            slice = slice.LoadRef().BeginParse();
        }
    }

    /// <summary>The cell of a comment.</summary>
    /// <exception cref="ArgumentException">The text is too long or has unpaired surrogates.</exception>
    public static Cell Write(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var bytes = StrictUtf8.GetBytes(text).AsSpan();
        if (bytes.Length > MaxLengthBytes)
        {
            throw new ArgumentException($"A comment has at most {MaxLengthBytes} bytes.", nameof(text));
        }

        var first = Math.Min(bytes.Length, MaxBytesInFirstCell);
        var tail = bytes[first..];
        Cell? next = null;
        while (!tail.IsEmpty) // From the last cell to the first, because a cell holds the hash of the next.
        {
            var take = tail.Length % MaxBytesPerCell is var rest and > 0 ? rest : MaxBytesPerCell;
            next = Continue(tail[^take..], next);
            tail = tail[..^take];
        }

        var builder = new CellBuilder().StoreUInt(0, OpcodeBits).StoreBytes(bytes[..first]);
        return (next is null ? builder : builder.StoreRef(next)).Build();
    }

    private static Cell Continue(ReadOnlySpan<byte> bytes, Cell? next)
    {
        var builder = new CellBuilder().StoreBytes(bytes);
        return (next is null ? builder : builder.StoreRef(next)).Build();
    }

    private static bool TryDecode(byte[] bytes, [NotNullWhen(true)] out string? text)
    {
        try
        {
            text = StrictUtf8.GetString(bytes);
            return true;
        }
        catch (DecoderFallbackException)
        {
            text = null;
            return false;
        }
    }
}
