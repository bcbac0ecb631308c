using System.Text;

namespace ArdorQr.Ton.Tests;

/// <summary>Bags and addresses made to break a reader, which must refuse them and throw nothing of its own.</summary>
public sealed class HostileInputTests
{
    private const int MutationCount = 20_000;
    private const int Seed = 20_251_124;

    [Theory]
    [InlineData("b5ee9c72 01 01 01 01 00 02 00 0000", null)]
    [InlineData("b5ee9c72 01 01 02 01 00 05 00 0100 01 0000", null)]
    [InlineData("b5ee9c72 01 01 01 01 00 03 00 0100 00", "a cell that refers to itself")]
    [InlineData("b5ee9c72 01 01 02 01 00 06 00 0100 01 0100 00", "a cycle of two")]
    [InlineData("b5ee9c72 01 01 01 01 00 03 00 0100 01", "a reference outside of the bag")]
    [InlineData("b5ee9c72 01 01 01 01 00 02 01 0000", "a root outside of the bag")]
    [InlineData("b5ee9c72 01 01 02 02 00 04 00 01 0000 0000", "two roots")]
    [InlineData("b5ee9c72 01 01 01 00 00 02 00 0000", "no root")]
    [InlineData("b5ee9c72 01 01 00 01 00 00 00", "no cells")]
    [InlineData("b5ee9c72 01 01 01 01 01 02 00 0000", "an absent cell")]
    [InlineData("b5ee9c72 01 01 02 01 00 02 00 0000", "fewer cells than promised")]
    [InlineData("b5ee9c72 01 01 01 01 00 02 00 0000 0000", "bytes after the last cell")]
    [InlineData("b5ee9c72 01 01 01 01 00 04 00 0000 0000", "a cell more than promised")]
    [InlineData("b5ee9c72 01 01 01 01 00 03 00 0000", "a wrong total length")]
    [InlineData("b5ee9c72 04 08 ffffffff 00000001 00000000 ffffffffffffffff 00000000", "four billion cells")]
    [InlineData("b5ee9c72 04 04 00004000 00000001 00000000 00000004 00000000 0000 0000", "no bytes for its cells")]
    [InlineData("b5ee9c72 00 01", "numbers of no bytes")]
    [InlineData("b5ee9c72 05 01 0000000001 0000000001 0000000000 02 0000000000 0000", "numbers of five bytes")]
    [InlineData("b5ee9c72 01 00 01 01 00 00 0000", "offsets of no bytes")]
    [InlineData("b5ee9c72 01 09 01 01 00 000000000000000002 00 0000", "offsets of nine bytes")]
    [InlineData("b5ee9c72 21 01 01 01 00 02 00 0000", "cache bits without an index")]
    [InlineData("b5ee9c72 09 01 01 01 00 02 00 0000", "a reserved flag")]
    [InlineData("b5ee9c72 81 01 01 01 00 02 00 02 0000", null)]
    [InlineData("b5ee9c72 a1 01 01 01 00 02 00 04 0000", null)]
    [InlineData("b5ee9c72 81 01 01 01 00 02 00 01 0000", "an index that is wrong")]
    [InlineData("b5ee9c72 01 01 02 01 00 09 00 0500 01 01 01 01 01 0000", "five references")]
    [InlineData("b5ee9c72 01 01 01 01 00 02 00 0700", "an absent cell's descriptor")]
    [InlineData("b5ee9c72 01 01 01 01 00 02 00 2000", "a level")]
    [InlineData("b5ee9c72 01 01 01 01 00 24 00 1000", "stored hashes")]
    [InlineData("b5ee9c72 01 01 01 01 00 03 00 0001 c0", null)]
    [InlineData("b5ee9c72 01 01 01 01 00 03 00 0001 00", "no end mark")]
    [InlineData("b5ee9c72 01 01 01 01 00 03 00 0001 80", "an end mark where a shorter cell would do")]
    [InlineData("b5ee9c72 01 01 01 01 00 03 00 0802 01", "a pruned cell without its fields")]
    [InlineData("b5ee9c72 01 01 01 01 00 02 00 0800", "an exotic cell without a type")]
    [InlineData("68ff65f3 01 01 01 01 00 02 02 0000", "an older form")]
    public void A_bag_made_by_hand_is_read_only_when_it_is_right(string hex, string? fault)
    {
        var bytes = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

        Assert.Equal(fault is null, BagOfCells.TryParse(bytes, out _));
    }

    [Fact]
    public void A_bag_with_too_many_cells_or_bytes_is_refused()
    {
        Assert.True(BagOfCells.TryParse(Wide(BagOfCells.MaxCells), out _));
        Assert.False(BagOfCells.TryParse(Wide(BagOfCells.MaxCells + 1), out _));
        Assert.False(BagOfCells.TryParse(new byte[BagOfCells.MaxBytes + 1], out _));
        Assert.False(BagOfCells.TryParseBase64(new string('A', (BagOfCells.MaxBytes * 4 / 3) + 8), out _));
    }

    [Fact]
    public void A_bag_deeper_than_the_limit_is_refused()
    {
        Assert.True(BagOfCells.TryParse(Deep(BagOfCells.MaxDepth + 1), out _));
        Assert.False(BagOfCells.TryParse(Deep(BagOfCells.MaxDepth + 2), out _));
    }

    [Fact]
    public void A_bag_that_unfolds_to_more_cells_than_there_are_atoms_is_read_at_once()
    {
        var cell = Cell.Empty;
        for (var depth = 0; depth < Cell.MaxDepth; depth++)
        {
            cell = new CellBuilder().StoreRef(cell).StoreRef(cell).StoreRef(cell).StoreRef(cell).Build();
        }

        Assert.Equal(cell, BagOfCells.Parse(BagOfCells.Serialize(cell)));
    }

    [Theory]
    [InlineData("not base64!")]
    [InlineData("te6")]
    [InlineData(null)]
    public void Text_that_is_no_base64_is_refused(string? text) =>
        Assert.False(BagOfCells.TryParseBase64(text, out _));

    [Fact]
    public void A_mutated_bag_is_read_or_refused_and_nothing_else()
    {
        var random = new Random(Seed);
        var originals = Samples.Cells.At("cells").EnumerateArray()
            .Concat(Samples.Cells.At("jettonBodies").EnumerateArray())
            .Select(vector => BagOfCells.Serialize(BagOfCells.ParseBase64(vector.Text("bocBase64")), crc32c: false))
            .Concat([Convert.FromBase64String(Samples.Cells.At("cells")[5].Text("bocWithIndexBase64"))])
            .ToList();
        var readCount = 0;
        for (var count = 0; count < MutationCount; count++)
        {
            var bytes = Mutate(originals[random.Next(originals.Count)], random);
            if (BagOfCells.TryParse(bytes, out var cell))
            {
                readCount++;
                Assert.Equal(cell, BagOfCells.Parse(BagOfCells.Serialize(cell)));
                _ = JettonMessages.TryParse(cell, out InternalTransfer? transfer);
                _ = JettonMessages.TryParse(cell, out JettonTransfer? _);
                _ = JettonMessages.TryParse(cell, out TransferNotification? _);
                _ = transfer?.ForwardPayload.Comment;
                _ = TextComment.TryRead(cell, out _);
            }
        }

        Assert.InRange(readCount, MutationCount / 20, MutationCount); // Otherwise the mutations test the header alone.
    }

    [Fact]
    public void A_mutated_address_is_read_or_refused_and_nothing_else()
    {
        var random = new Random(Seed);
        var forms = new[] { "raw", "bounceableMainnet", "nonBounceableTestnetStd" };
        var originals = Samples.Addresses.At("addresses").EnumerateArray()
            .SelectMany(vector => forms.Select(form => vector.Text(form))).ToList();
        for (var count = 0; count < MutationCount; count++)
        {
            var text = Encoding.Latin1.GetString(
                Mutate(Encoding.Latin1.GetBytes(originals[random.Next(originals.Count)]), random));
            if (TonAddress.TryParse(text, out var address, out var flags))
            {
                var again = flags is { } friendly
                    ? address.ToFriendly(friendly.Bounceable, friendly.TestOnly)
                    : address.ToRaw();
                Assert.Equal(text.Replace('+', '-').Replace('/', '_'), again, ignoreCase: flags is null);
            }
        }
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        var bytes = original.ToList();
        for (var edits = random.Next(1, 4); edits > 0 && bytes.Count > 0; edits--)
        {
            var position = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[position] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[position] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(position, Math.Min(bytes.Count - position, random.Next(1, 5)));
                    break;
                case 3:
                    bytes.Insert(position, (byte)random.Next(256));
                    break;
                default:
                    bytes[position] = bytes[random.Next(bytes.Count)];
                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>A root and cells that nothing refers to: legal, and as many as one likes.</summary>
    private static byte[] Wide(int cells) =>
        [.. Header(cells, cells * 2), .. new byte[cells * 2]];

    private static byte[] Deep(int cells)
    {
        var body = Enumerable.Range(1, cells - 1).SelectMany(next => new byte[] { 1, 0, (byte)(next >> 8), (byte)next })
            .Concat(new byte[2]).ToArray();
        return [.. Header(cells, body.Length), .. body];
    }

    private static byte[] Header(int cells, int lengthBytes) =>
    [
        0xb5, 0xee, 0x9c, 0x72, 2, 3, (byte)(cells >> 8), (byte)cells, 0, 1, 0, 0,
        (byte)(lengthBytes >> 16), (byte)(lengthBytes >> 8), (byte)lengthBytes, 0, 0,
    ];
}
