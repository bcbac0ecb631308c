using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;

namespace ArdorQr.Ton;

/// <summary>
/// TON's unit of data: up to 1023 bits and 4 references to other cells, identified by its representation hash.
/// Ordinary and library cells only, so the level is always 0; pruned and Merkle cells are refused.
/// </summary>
public sealed class Cell : IEquatable<Cell>
{
    /// <summary>The most bits a cell holds.</summary>
    public const int MaxBits = 1023;

    /// <summary>The most references a cell holds.</summary>
    public const int MaxRefs = 4;

    /// <summary>The longest chain of references accepted below a cell (the network's own limit for messages).</summary>
    public const int MaxDepth = 1024;

    /// <summary>Bytes in a representation hash.</summary>
    public const int HashLengthBytes = 32;

    internal const byte LibraryType = 2;
    internal const int LibraryBits = 8 + (HashLengthBytes * 8);

    private const int DepthLengthBytes = 2;
    private const int MaxRepresentationBytes = 2 + 128 + (MaxRefs * (DepthLengthBytes + HashLengthBytes));

    private readonly byte[] _data;
    private readonly byte[] _hash;

    /// <summary>Owns the data given; bits beyond <paramref name="bitLength"/> in its last byte are zero.</summary>
    internal Cell(byte[] data, int bitLength, ImmutableArray<Cell> refs, bool isExotic)
    {
        _data = data;
        BitLength = bitLength;
        Refs = refs;
        IsExotic = isExotic;
        if (isExotic && (bitLength != LibraryBits || refs.Length != 0 || data[0] != LibraryType))
        {
            throw new TonFormatException("Of the exotic cells only library cells (02 and a hash) are supported.");
        }

        foreach (var reference in refs)
        {
            Depth = Math.Max(Depth, reference.Depth + 1);
        }

        if (Depth > MaxDepth)
        {
            throw new TonFormatException($"Cells are nested deeper than {MaxDepth}.");
        }

        _hash = ComputeHash();
    }

    /// <summary>The cell of no bits and no references.</summary>
    public static Cell Empty { get; } = new([], 0, [], isExotic: false);

    /// <summary>Bits held, 0 to 1023.</summary>
    public int BitLength { get; }

    /// <summary>The cells referred to, 0 to 4.</summary>
    public ImmutableArray<Cell> Refs { get; }

    /// <summary>Whether this is a library cell: it stands for the cell whose hash it holds.</summary>
    public bool IsExotic { get; }

    /// <summary>The longest chain of references below; 0 for a cell without any.</summary>
    public int Depth { get; }

    /// <summary>
    /// The representation hash: SHA-256 over descriptors, padded data, depths and hashes of the references
    /// (TON whitepaper, 3.1). For a library cell, its own and not that of the cell it stands for.
    /// </summary>
    public ReadOnlySpan<byte> Hash => _hash;

    /// <summary>The hash in lower-case hex.</summary>
    public string HashHex => Convert.ToHexStringLower(_hash);

    /// <summary>The hash in base64, as toncenter's API v3 prints it.</summary>
    public string HashBase64 => Convert.ToBase64String(_hash);

    /// <summary>The data; the last byte is filled up with zero bits.</summary>
    internal ReadOnlySpan<byte> Data => _data;

    /// <summary>A reader at the start of this cell.</summary>
    public CellSlice BeginParse() => new(this);

    /// <summary>Equal content, by hash.</summary>
    public bool Equals(Cell? other) => other is not null && Hash.SequenceEqual(other.Hash);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Cell);

    /// <inheritdoc/>
    public override int GetHashCode() => BinaryPrimitives.ReadInt32LittleEndian(_hash);

    /// <summary>The size and hash, for messages.</summary>
    public override string ToString() => $"cell of {BitLength} bits and {Refs.Length} refs, {HashHex}";

    /// <summary>Writes d1, d2 and the padded data, which both the hash and a bag of cells start with.</summary>
    internal int WriteDescriptorsAndData(Span<byte> destination)
    {
        destination[0] = (byte)(Refs.Length + (IsExotic ? 8 : 0));
        destination[1] = (byte)((BitLength / 8) + BitString.BytesFor(BitLength));
        _data.CopyTo(destination[2..]);
        if (BitLength % 8 != 0)
        {
            destination[1 + _data.Length] |= (byte)(0x80 >> (BitLength % 8)); // The end mark: a 1, then zeros.
        }

        return 2 + _data.Length;
    }

    private byte[] ComputeHash()
    {
        Span<byte> representation = stackalloc byte[MaxRepresentationBytes];
        var length = WriteDescriptorsAndData(representation);
        foreach (var reference in Refs)
        {
            BinaryPrimitives.WriteUInt16BigEndian(representation[length..], (ushort)reference.Depth);
            length += DepthLengthBytes;
        }

        foreach (var reference in Refs)
        {
            reference.Hash.CopyTo(representation[length..]);
            length += HashLengthBytes;
        }

        return SHA256.HashData(representation[..length]);
    }
}
