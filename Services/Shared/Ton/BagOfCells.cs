using System.Diagnostics.CodeAnalysis;

namespace ArdorQr.Ton;

/// <summary>
/// Cells as bytes (the serialized_boc form of boc.tlb) with one root. Reading is safe on hostile input: its time and
/// memory are bounded by the limits here, and all it can throw is <see cref="TonFormatException"/>.
/// </summary>
public static class BagOfCells
{
    /// <summary>The largest bag read, in bytes; a jetton message has a few hundred.</summary>
    public const int MaxBytes = 1 << 20;

    /// <summary>The most cells read in one bag.</summary>
    public const int MaxCells = 1 << 14;

    /// <summary>The longest chain of references read.</summary>
    public const int MaxDepth = Cell.MaxDepth;

    private const int MaxBase64Chars = (MaxBytes + 2) / 3 * 4;

    /// <summary>Reads the root of a bag; checksum and index, when there are any, must be right.</summary>
    /// <exception cref="TonFormatException">The bytes are no bag of cells with one root, or exceed a limit.</exception>
    public static Cell Parse(ReadOnlySpan<byte> bytes) => new BagReader(bytes).ReadRoot();

    /// <summary>As <see cref="Parse"/>, from base64, the form in toncenter's answers.</summary>
    /// <exception cref="TonFormatException">The text is no base64, or what it holds is refused.</exception>
    public static Cell ParseBase64(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > MaxBase64Chars)
        {
            throw new TonFormatException($"The bag of cells has more than {MaxBytes} bytes.");
        }

        var bytes = new byte[(text.Length / 4 * 3) + 3];
        return Convert.TryFromBase64String(text, bytes, out var count)
            ? Parse(bytes.AsSpan(0, count))
            : throw new TonFormatException("The bag of cells is not in base64.");
    }

    /// <summary>As <see cref="Parse"/>; false, and never an exception, for bytes that are refused.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Cell? root)
    {
        try
        {
            root = Parse(bytes);
            return true;
        }
        catch (TonFormatException)
        {
            root = null;
            return false;
        }
    }

    /// <summary>As <see cref="ParseBase64"/>; false, never an exception, for text that is refused or null.</summary>
    public static bool TryParseBase64(string? text, [NotNullWhen(true)] out Cell? root)
    {
        try
        {
            root = text is null ? null : ParseBase64(text);
            return root is not null;
        }
        catch (TonFormatException)
        {
            root = null;
            return false;
        }
    }

    /// <summary>Writes a bag with one root; equal cells are written once.</summary>
    /// <param name="root">The root.</param>
    /// <param name="crc32c">Whether a checksum follows.</param>
    /// <param name="index">Whether the index of cell offsets is included.</param>
    public static byte[] Serialize(Cell root, bool crc32c = true, bool index = false)
    {
        ArgumentNullException.ThrowIfNull(root);
        return BagWriter.Write(root, crc32c, index);
    }

    /// <summary><see cref="Serialize"/> with a checksum, in base64, as toncenter's API v3 prints it.</summary>
    public static string ToBase64(Cell root) => Convert.ToBase64String(Serialize(root));
}
