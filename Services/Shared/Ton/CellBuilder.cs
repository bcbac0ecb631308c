using System.Collections.Immutable;

namespace ArdorQr.Ton;

/// <summary>
/// Writes a cell field by field, in the order of its TL-B scheme. A store that would overfill the cell throws
/// <see cref="InvalidOperationException"/>; a value outside its field throws <see cref="ArgumentOutOfRangeException"/>.
/// </summary>
public sealed class CellBuilder
{
    /// <summary>The largest value of a VarUInteger 16: 15 bytes of ones.</summary>
    public static readonly UInt128 MaxCoins = (UInt128.One << 120) - UInt128.One;

    private const int BufferLengthBytes = 128;

    private readonly byte[] _buffer = new byte[BufferLengthBytes];
    private readonly List<Cell> _refs = new(Cell.MaxRefs);

    /// <summary>Bits stored so far.</summary>
    public int BitLength { get; private set; }

    /// <summary>References stored so far.</summary>
    public int RefCount => _refs.Count;

    /// <summary>Bits that still fit.</summary>
    public int RemainingBits => Cell.MaxBits - BitLength;

    /// <summary>References that still fit.</summary>
    public int RemainingRefs => Cell.MaxRefs - RefCount;

    /// <summary>One bit.</summary>
    public CellBuilder StoreBit(bool value) => StoreUInt(value ? 1UL : 0UL, 1);

    /// <summary>An unsigned integer, big endian, in 0 to 64 bits.</summary>
    public CellBuilder StoreUInt(ulong value, int bits)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bits);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bits, 64);
        if (bits < 64 && value >> bits != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(value), "The value needs more bits than its field has.");
        }

        Reserve(bits);
        BitString.Write(_buffer, BitLength, value, bits);
        BitLength += bits;
        return this;
    }

    /// <summary>A signed integer, two's complement, in 1 to 64 bits.</summary>
    public CellBuilder StoreInt(long value, int bits)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bits, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bits, 64);
        var unused = 64 - bits;
        if (value << unused >> unused != value)
        {
            throw new ArgumentOutOfRangeException(nameof(value), "The value needs more bits than its field has.");
        }

        return StoreUInt((ulong)value << unused >> unused, bits);
    }

    /// <summary>Whole bytes.</summary>
    public CellBuilder StoreBytes(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length * 8);
        BitString.Copy(bytes, 0, _buffer, BitLength, bytes.Length * 8);
        BitLength += bytes.Length * 8;
        return this;
    }

    /// <summary>An amount as VarUInteger 16: four bits of length in bytes, then the shortest big-endian form.</summary>
    public CellBuilder StoreCoins(UInt128 amount)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(amount, MaxCoins);
        var lengthBytes = (128 - (int)UInt128.LeadingZeroCount(amount) + 7) / 8;
        Reserve(4 + (lengthBytes * 8));
        StoreUInt((ulong)lengthBytes, 4);
        for (var index = lengthBytes - 1; index >= 0; index--)
        {
            StoreUInt((byte)(amount >> (index * 8)), 8);
        }

        return this;
    }

    /// <summary>addr_std without anycast, or addr_none for null.</summary>
    public CellBuilder StoreAddress(TonAddress? address)
    {
        if (address is not { } given)
        {
            return StoreUInt(0b00, 2);
        }

        Span<byte> hash = stackalloc byte[TonAddress.HashLengthBytes];
        given.CopyHashTo(hash);
        return StoreUInt(0b100, 3).StoreInt(given.Workchain, 8).StoreBytes(hash);
    }

    /// <summary>A reference.</summary>
    public CellBuilder StoreRef(Cell cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        if (RemainingRefs == 0)
        {
            throw new InvalidOperationException("The cell has four references already.");
        }

        _refs.Add(cell);
        return this;
    }

    /// <summary>Maybe ^Cell: a bit, and the reference when there is one.</summary>
    public CellBuilder StoreMaybeRef(Cell? cell) => cell is null ? StoreBit(false) : StoreBit(true).StoreRef(cell);

    /// <summary>All bits and references that a reader has left; the reader stays where it is.</summary>
    public CellBuilder StoreSlice(CellSlice slice)
    {
        ArgumentNullException.ThrowIfNull(slice);
        Reserve(slice.RemainingBits);
        if (slice.RemainingRefs > RemainingRefs)
        {
            throw new InvalidOperationException("The references don't fit in the cell.");
        }

        slice.CopyRemainingBitsTo(_buffer, BitLength);
        BitLength += slice.RemainingBits;
        _refs.AddRange(slice.RemainingRefsSpan);
        return this;
    }

    /// <summary>All bits and references of another cell, inline.</summary>
    public CellBuilder StoreCellInline(Cell cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        return StoreSlice(cell.BeginParse());
    }

    /// <summary>The ordinary cell of what was stored.</summary>
    /// <exception cref="TonFormatException">References nest deeper than <see cref="Cell.MaxDepth"/>.</exception>
    public Cell Build() => Build(isExotic: false);

    /// <summary>The exotic cell of what was stored: a library cell (byte 02 and a 32-byte hash).</summary>
    /// <exception cref="TonFormatException">What was stored is no library cell.</exception>
    public Cell BuildExotic() => Build(isExotic: true);

    private Cell Build(bool isExotic) =>
        new(_buffer[..BitString.BytesFor(BitLength)], BitLength, [.. _refs], isExotic);

    private void Reserve(int bits)
    {
        if (bits > RemainingBits)
        {
            throw new InvalidOperationException($"The cell has room for {RemainingBits} more bits, not for {bits}.");
        }
    }
}
