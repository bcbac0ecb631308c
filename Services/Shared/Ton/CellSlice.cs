namespace ArdorQr.Ton;

/// <summary>
/// Reads a cell field by field, in the order of its TL-B scheme. A load of more than is left, or of a field that is
/// not well-formed, throws <see cref="TonFormatException"/>.
/// </summary>
public sealed class CellSlice
{
    private readonly Cell _cell;
    private int _bitOffset;
    private int _refOffset;

    internal CellSlice(Cell cell) => _cell = cell;

    /// <summary>Bits not read yet.</summary>
    public int RemainingBits => _cell.BitLength - _bitOffset;

    /// <summary>References not read yet.</summary>
    public int RemainingRefs => _cell.Refs.Length - _refOffset;

    /// <summary>Whether nothing is left.</summary>
    public bool IsEmpty => RemainingBits == 0 && RemainingRefs == 0;

    internal ReadOnlySpan<Cell> RemainingRefsSpan => _cell.Refs.AsSpan()[_refOffset..];

    /// <summary>One bit.</summary>
    public bool LoadBit() => LoadUInt(1) == 1;

    /// <summary>An unsigned integer, big endian, of 0 to 64 bits.</summary>
    public ulong LoadUInt(int bits)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bits);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bits, 64);
        var value = BitString.Read(_cell.Data, Advance(bits), bits);
        return value;
    }

    /// <summary>A signed integer, two's complement, of 1 to 64 bits.</summary>
    public long LoadInt(int bits)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bits, 1);
        var unused = 64 - bits;
        return (long)(LoadUInt(bits) << unused) >> unused;
    }

    /// <summary>Whole bytes.</summary>
    public byte[] LoadBytes(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Cell.MaxBits);
        var offset = Advance(count * 8);
        var bytes = new byte[count];
        BitString.Copy(_cell.Data, offset, bytes, 0, count * 8);
        return bytes;
    }

    /// <summary>An amount as VarUInteger 16; leading zero bytes, which the TVM reads too, are accepted.</summary>
    public UInt128 LoadCoins()
    {
        var lengthBytes = (int)LoadUInt(4);
        UInt128 amount = 0;
        for (var index = 0; index < lengthBytes; index++)
        {
            amount = (amount << 8) | LoadUInt(8);
        }

        return amount;
    }

    /// <summary>addr_std without anycast; null for addr_none. Every other kind is refused.</summary>
    public TonAddress? LoadAddress() =>
        MessageAddress.Load(this) switch
        {
            { Kind: MessageAddress.Standard, Address: var address } => address,
            { Kind: MessageAddress.None } => null,
            _ => throw new TonFormatException("Neither addr_none nor a plain addr_std."),
        };

    /// <summary>
    /// Any MsgAddress: the address of a plain addr_std, and null for all that name no plain account (addr_none,
    /// addr_extern, addr_var, anycast). For fields the sender chooses freely and nobody pays to.
    /// </summary>
    public TonAddress? LoadAnyAddress() => MessageAddress.Load(this).Address;

    /// <summary>The next reference.</summary>
    public Cell LoadRef()
    {
        if (RemainingRefs == 0)
        {
            throw new TonFormatException("The cell has no reference left.");
        }

        return _cell.Refs[_refOffset++];
    }

    /// <summary>Maybe ^Cell; null when the bit says there is none.</summary>
    public Cell? LoadMaybeRef() => LoadBit() ? LoadRef() : null;

    /// <summary>All that is left, as a cell of its own; the reader is then empty.</summary>
    public Cell LoadRemainder()
    {
        var remainder = new CellBuilder().StoreSlice(this).Build();
        _bitOffset = _cell.BitLength;
        _refOffset = _cell.Refs.Length;
        return remainder;
    }

    /// <summary>Steps over bits.</summary>
    public void SkipBits(int bits)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bits);
        Advance(bits);
    }

    /// <summary>Throws unless nothing is left.</summary>
    public void EnsureEmpty()
    {
        if (!IsEmpty)
        {
            throw new TonFormatException($"{RemainingBits} bits and {RemainingRefs} references too many.");
        }
    }

    internal void CopyRemainingBitsTo(Span<byte> destination, int offset) =>
        BitString.Copy(_cell.Data, _bitOffset, destination, offset, RemainingBits);

    private int Advance(int bits)
    {
        if (bits > RemainingBits)
        {
            throw new TonFormatException($"The cell has {RemainingBits} bits left, not {bits}.");
        }

        var offset = _bitOffset;
        _bitOffset += bits;
        return offset;
    }
}
