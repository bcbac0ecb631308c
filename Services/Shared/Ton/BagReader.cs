using System.Buffers.Binary;
using System.Collections.Immutable;

namespace ArdorQr.Ton;

/// <summary>
/// One reading of a bag of cells. A cell may only refer to later ones, so no cycle can be written; and every count
/// is checked against the bytes that are there before anything of its size is allocated.
/// </summary>
internal ref struct BagReader(ReadOnlySpan<byte> bytes)
{
    internal const uint Magic = 0xb5ee9c72;

    private const int MinCellBytes = 2;
    private const int MaxSizeBytes = 4;
    private const int MaxOffsetBytes = 8;
    private const int ChecksumBytes = 4;
    private const int CheckSumFlag = 0x40;
    private const int IndexFlag = 0x80;
    private const int CacheFlag = 0x20;
    private const int ReservedFlags = 0x18;

    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _position;
    private int _end;
    private int _sizeBytes;
    private int _cellCount;

    public Cell ReadRoot()
    {
        _end = _bytes.Length;
        Require(_end <= BagOfCells.MaxBytes, "The bag of cells is too large.");
        Require(ReadUInt(4) == Magic, "The bytes don't start with the magic of a bag of cells.");
        var flags = (int)ReadUInt(1);
        var (hasIndex, hasCache) = ((flags & IndexFlag) != 0, (flags & CacheFlag) != 0);
        Require((flags & ReservedFlags) == 0 && (hasIndex || !hasCache), "The bag's flags are not valid.");
        if ((flags & CheckSumFlag) != 0)
        {
            CheckChecksum();
        }

        _sizeBytes = flags & 7;
        var offsetBytes = (int)ReadUInt(1);
        Require(
            _sizeBytes is >= 1 and <= MaxSizeBytes && offsetBytes is >= 1 and <= MaxOffsetBytes,
            "The bag's field sizes are not valid.");

        var (cells, roots, absent) = (ReadUInt(_sizeBytes), ReadUInt(_sizeBytes), ReadUInt(_sizeBytes));
        var cellsLengthBytes = ReadUInt(offsetBytes);
        Require(cells is >= 1 and <= BagOfCells.MaxCells, "The bag has no cells or too many.");
        Require(roots == 1 && absent == 0, "The bag must have one root and all of its cells.");
        _cellCount = (int)cells;

        var root = ReadUInt(_sizeBytes);
        Require(root < cells, "The root is not in the bag.");
        var indexPosition = _position;
        var indexLengthBytes = hasIndex ? _cellCount * offsetBytes : 0;
        Require(
            cellsLengthBytes == (ulong)Math.Max(0L, (long)_end - _position - indexLengthBytes)
            && cellsLengthBytes >= (ulong)(_cellCount * MinCellBytes), "The bag's lengths don't add up.");
        _position += indexLengthBytes;

        var starts = FindCells();
        if (hasIndex)
        {
            CheckIndex(starts, indexPosition, offsetBytes, hasCache);
        }

        return BuildCells(starts)[(int)root];
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new TonFormatException(message);
        }
    }

    private void CheckChecksum()
    {
        Require(_end - _position >= ChecksumBytes, "The bag of cells is cut off.");
        _end -= ChecksumBytes;
        Require(
            BinaryPrimitives.ReadUInt32LittleEndian(_bytes[_end..]) == Crc32C.Of(_bytes[.._end]),
            "The checksum of the bag is wrong.");
    }

    /// <summary>Where each cell starts, and where the last one ends; they must fill the bag exactly.</summary>
    private int[] FindCells()
    {
        var starts = new int[_cellCount + 1];
        for (var index = 0; index < _cellCount; index++)
        {
            starts[index] = _position;
            Require(_end - _position >= MinCellBytes, "The bag of cells is cut off.");
            var (refs, dataBytes) = (_bytes[_position] & 7, (_bytes[_position + 1] + 1) / 2);
            Require(_bytes[_position] >> 4 == 0, "Cells of a level above 0 or with stored hashes are not supported.");
            Require(refs <= Cell.MaxRefs, "A cell has more than four references or is absent.");
            _position += MinCellBytes + dataBytes + (refs * _sizeBytes);
            Require(_position <= _end, "The bag of cells is cut off.");
        }

        Require(_position == _end, "Bytes follow the last cell.");
        starts[_cellCount] = _position;
        return starts;
    }

    private void CheckIndex(int[] starts, int indexPosition, int offsetBytes, bool hasCache)
    {
        _position = indexPosition;
        for (var index = 1; index < starts.Length; index++)
        {
            var offset = ReadUInt(offsetBytes) >> (hasCache ? 1 : 0);
            Require(offset == (ulong)(starts[index] - starts[0]), "The index of the bag is wrong.");
        }
    }

    /// <summary>From the last to the first, so that what a cell refers to is there already.</summary>
    private Cell[] BuildCells(int[] starts)
    {
        var cells = new Cell[_cellCount];
        for (var index = _cellCount - 1; index >= 0; index--)
        {
            _position = starts[index];
            var (d1, d2) = ((int)ReadUInt(1), (int)ReadUInt(1));
            var data = _bytes.Slice(_position, (d2 + 1) / 2).ToArray();
            _position += data.Length;
            var bits = d2 % 2 == 0 ? data.Length * 8 : TakeEndMark(data);
            var refs = ImmutableArray.CreateBuilder<Cell>(d1 & 7);
            for (var slot = 0; slot < (d1 & 7); slot++)
            {
                var target = ReadUInt(_sizeBytes);
                Require(target > (ulong)index && target < (ulong)_cellCount, "A cell refers backwards or outside.");
                refs.Add(cells[(int)target]);
            }

            cells[index] = new Cell(data, bits, refs.MoveToImmutable(), isExotic: (d1 & 8) != 0);
        }

        return cells;
    }

    /// <summary>Clears the 1 that ends the data and tells how many bits precede it.</summary>
    private static int TakeEndMark(Span<byte> data)
    {
        var last = data[^1];
        Require((last & 0x7f) != 0, "A cell's data has no end mark or one too late.");
        data[^1] = (byte)(last & (last - 1));
        return (data.Length * 8) - System.Numerics.BitOperations.TrailingZeroCount(last) - 1;
    }

    private ulong ReadUInt(int lengthBytes)
    {
        Require(_end - _position >= lengthBytes, "The bag of cells is cut off.");
        var value = 0UL;
        for (var index = 0; index < lengthBytes; index++)
        {
            value = (value << 8) | _bytes[_position++];
        }

        return value;
    }
}
