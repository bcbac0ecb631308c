using CsCheck;

namespace ArdorQr.Ton.Tests;

/// <summary>Generators of cells: trees with shared branches, of any size a cell may have.</summary>
internal static class RandomCells
{
    private const int MaxCellsInBag = 40;

    private static readonly Gen<Cell> Library =
        Gen.Byte.Array[Cell.HashLengthBytes].Select(hash => JettonWallet.LibraryCode(hash));

    private static readonly Gen<(bool[] Bits, int[] Refs)> Shape =
        Gen.Select(Gen.Bool.Array[0, Cell.MaxBits], Gen.Int[0, MaxCellsInBag].Array[0, Cell.MaxRefs]);

    /// <summary>Each cell refers to cells made before it; the last one is the root.</summary>
    public static Gen<Cell> Any { get; } = Gen.Select(Library, Shape.Array[1, MaxCellsInBag], (library, shapes) =>
    {
        var cells = new List<Cell> { library };
        foreach (var (bits, refs) in shapes)
        {
            var builder = new CellBuilder();
            foreach (var bit in bits)
            {
                builder.StoreBit(bit);
            }

            foreach (var reference in refs)
            {
                builder.StoreRef(cells[reference % cells.Count]);
            }

            cells.Add(builder.Build());
        }

        return cells[^1];
    });

    /// <summary>A chain of cells, each referring to the next: depth is one less than the count.</summary>
    public static Cell Chain(int count)
    {
        var cell = Cell.Empty;
        for (var number = 1; number < count; number++)
        {
            cell = new CellBuilder().StoreUInt((ulong)number, 32).StoreRef(cell).Build();
        }

        return cell;
    }
}
