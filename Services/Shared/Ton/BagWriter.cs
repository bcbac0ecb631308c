using System.Buffers.Binary;

namespace ArdorQr.Ton;

/// <summary>
/// Writes a bag of cells in the order that the reference JavaScript library uses (depth first, references last to
/// first, reversed), so that the same cells give the same bytes.
/// </summary>
internal static class BagWriter
{
    private const int MaxCellBytes = 2 + 128 + (Cell.MaxRefs * 4);
    private const int IndexFlag = 0x80;
    private const int ChecksumFlag = 0x40;

    public static byte[] Write(Cell root, bool crc32c, bool index)
    {
        var cells = Sort(root);
        var numbers = new Dictionary<Cell, int>(cells.Count);
        for (var number = 0; number < cells.Count; number++)
        {
            numbers.Add(cells[number], number);
        }

        var sizeBytes = BytesFor(cells.Count);
        var (body, ends) = WriteCells(cells, numbers, sizeBytes);
        var offsetBytes = BytesFor(body.Length);

        using var bag = new MemoryStream();
        Append(bag, BagReader.Magic, 4);
        Append(bag, (index ? IndexFlag : 0) | (crc32c ? ChecksumFlag : 0) | sizeBytes, 1);
        Append(bag, offsetBytes, 1);
        Append(bag, cells.Count, sizeBytes);
        Append(bag, 1, sizeBytes); // roots
        Append(bag, 0, sizeBytes); // absent cells
        Append(bag, body.Length, offsetBytes);
        Append(bag, 0, sizeBytes); // the root's number
        foreach (var end in index ? ends : [])
        {
            Append(bag, end, offsetBytes);
        }

        bag.Write(body);
        if (crc32c)
        {
            Span<byte> checksum = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32LittleEndian(checksum, Crc32C.Of(bag.GetBuffer().AsSpan(0, (int)bag.Length)));
            bag.Write(checksum);
        }

        return bag.ToArray();
    }

    /// <summary>Every distinct cell once, each before those it refers to; without recursion, however deep.</summary>
    private static List<Cell> Sort(Cell root)
    {
        var (sorted, seen) = (new List<Cell>(), new HashSet<Cell> { root });
        var pending = new Stack<(Cell Cell, int RefsLeft)>();
        pending.Push((root, root.Refs.Length));
        while (pending.TryPop(out var top))
        {
            if (top.RefsLeft == 0)
            {
                sorted.Add(top.Cell);
                continue;
            }

            var next = top.Cell.Refs[top.RefsLeft - 1];
            pending.Push((top.Cell, top.RefsLeft - 1));
            if (seen.Add(next))
            {
                pending.Push((next, next.Refs.Length));
            }
        }

        sorted.Reverse();
        return sorted;
    }

    private static (byte[] Body, List<int> Ends) WriteCells(
        List<Cell> cells, Dictionary<Cell, int> numbers, int sizeBytes)
    {
        using var body = new MemoryStream();
        var ends = new List<int>(cells.Count);
        Span<byte> buffer = stackalloc byte[MaxCellBytes];
        foreach (var cell in cells)
        {
            buffer.Clear();
            body.Write(buffer[..cell.WriteDescriptorsAndData(buffer)]);
            foreach (var reference in cell.Refs)
            {
                Append(body, numbers[reference], sizeBytes);
            }

            ends.Add((int)body.Length);
        }

        return (body.ToArray(), ends);
    }

    private static int BytesFor(int value) => Math.Max(1, (32 - int.LeadingZeroCount(value) + 7) / 8);

    private static void Append(MemoryStream stream, long value, int lengthBytes)
    {
        for (var index = lengthBytes - 1; index >= 0; index--)
        {
            stream.WriteByte((byte)(value >> (index * 8)));
        }
    }
}
