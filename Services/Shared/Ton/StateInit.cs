namespace ArdorQr.Ton;

/// <summary>The code and data an account starts with; its hash is the account's address.</summary>
/// <param name="Code">The contract's code, or the library cell that stands for it.</param>
/// <param name="Data">The contract's first data.</param>
public sealed record StateInit(Cell Code, Cell Data)
{
    private const ulong CodeAndDataOnly = 0b00110; // no split_depth, no special, code, data, no library

    /// <summary>Reads a StateInit that has code and data and nothing else.</summary>
    /// <exception cref="TonFormatException">It has another shape.</exception>
    public static StateInit FromCell(Cell cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        var slice = cell.BeginParse();
        if (slice.LoadUInt(5) != CodeAndDataOnly)
        {
            throw new TonFormatException("The StateInit doesn't consist of code and data alone.");
        }

        var stateInit = new StateInit(slice.LoadRef(), slice.LoadRef());
        slice.EnsureEmpty();
        return stateInit;
    }

    /// <summary>The StateInit of block.tlb.</summary>
    public Cell ToCell() => new CellBuilder().StoreUInt(CodeAndDataOnly, 5).StoreRef(Code).StoreRef(Data).Build();

    /// <summary>The address of the account that starts so: the hash of <see cref="ToCell"/>.</summary>
    public TonAddress AddressIn(int workchain) => new(workchain, ToCell().Hash);
}
