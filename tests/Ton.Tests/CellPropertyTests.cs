using CsCheck;

namespace ArdorQr.Ton.Tests;

public sealed class CellPropertyTests
{
    [Fact]
    public void Every_tree_of_cells_survives_a_bag() =>
        Gen.Select(RandomCells.Any, Gen.Bool, Gen.Bool).Sample((cell, crc32c, index) =>
        {
            var read = BagOfCells.Parse(BagOfCells.Serialize(cell, crc32c, index));
            AssertSame(cell, read);
        });

    [Fact]
    public void Every_cell_survives_being_read_and_stored_again() => RandomCells.Any.Sample(cell =>
    {
        var slice = cell.BeginParse();
        var builder = new CellBuilder();
        while (slice.RemainingBits > 0)
        {
            builder.StoreBit(slice.LoadBit());
        }

        while (slice.RemainingRefs > 0)
        {
            builder.StoreRef(slice.LoadRef());
        }

        slice.EnsureEmpty();
        AssertSame(cell, cell.IsExotic ? builder.BuildExotic() : builder.Build());
        AssertSame(cell.IsExotic ? builder.Build() : cell, cell.BeginParse().LoadRemainder());
    });

    [Fact]
    public void Every_field_survives_at_every_offset() =>
        Gen.Select(Gen.Int[0, 63], Gen.ULong, Gen.Long, Gen.Int[1, 64], Gen.Byte.Array[0, 40], Gen.ULong)
            .Sample((offset, unsigned, signed, bits, bytes, coins) =>
            {
                unsigned >>= 64 - bits;
                signed >>= 64 - bits;
                var amount = (UInt128)coins * (uint)coins * 255;
                var cell = new CellBuilder().StoreUInt(0, offset)
                    .StoreUInt(unsigned, bits).StoreInt(signed, bits).StoreBytes(bytes).StoreCoins(amount).Build();

                var slice = cell.BeginParse();
                slice.SkipBits(offset);
                Assert.Equal(unsigned, slice.LoadUInt(bits));
                Assert.Equal(signed, slice.LoadInt(bits));
                Assert.Equal(bytes, slice.LoadBytes(bytes.Length));
                Assert.Equal(amount, slice.LoadCoins());
                slice.EnsureEmpty();
            });

    [Fact]
    public void An_address_field_survives()
    {
        var address = new TonAddress(-1, Convert.FromHexString(new string('7', 64)));
        var slice = new CellBuilder().StoreBit(true).StoreAddress(address).StoreAddress(null).Build().BeginParse();

        slice.SkipBits(1);
        Assert.Equal(address, slice.LoadAddress());
        Assert.Null(slice.LoadAddress());
        var external = new CellBuilder().StoreUInt(0b01_000000000, 11).Build();
        Assert.Throws<TonFormatException>(() => external.BeginParse().LoadAddress());
    }

    [Fact]
    public void A_cell_is_never_overfilled()
    {
        var full = new CellBuilder().StoreBytes(new byte[127]).StoreUInt(0, 7);
        for (var reference = 0; reference < Cell.MaxRefs; reference++)
        {
            full.StoreRef(Cell.Empty);
        }

        Assert.Equal((0, 0), (full.RemainingBits, full.RemainingRefs));
        Assert.Throws<InvalidOperationException>(() => full.StoreBit(true));
        Assert.Throws<InvalidOperationException>(() => full.StoreRef(Cell.Empty));
        Assert.Throws<InvalidOperationException>(() => full.StoreCellInline(full.Build()));
        Assert.Equal((1023, 4), (full.BitLength, full.RefCount));
    }

    [Fact]
    public void A_value_larger_than_its_field_is_refused()
    {
        var builder = new CellBuilder();

        Assert.Throws<ArgumentOutOfRangeException>(() => builder.StoreUInt(4, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.StoreInt(2, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.StoreInt(-3, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.StoreCoins(CellBuilder.MaxCoins + 1));
        Assert.Equal(0, builder.BitLength);
        Assert.Equal(CellBuilder.MaxCoins, builder.StoreCoins(CellBuilder.MaxCoins).Build().BeginParse().LoadCoins());
    }

    [Fact]
    public void Nothing_is_read_beyond_the_end()
    {
        var slice = new CellBuilder().StoreUInt(5, 3).Build().BeginParse();

        Assert.Throws<TonFormatException>(() => slice.LoadUInt(4));
        Assert.Throws<TonFormatException>(() => slice.LoadBytes(1));
        Assert.Throws<TonFormatException>(() => slice.LoadRef());
        Assert.Throws<TonFormatException>(() => slice.EnsureEmpty());
        Assert.Equal(5UL, slice.LoadUInt(3));
        Assert.Throws<TonFormatException>(() => slice.LoadBit());
    }

    [Fact]
    public void Only_library_cells_are_exotic()
    {
        Assert.Throws<TonFormatException>(
            () => new CellBuilder().StoreUInt(1, 8).StoreBytes(new byte[32]).BuildExotic());
        Assert.Throws<TonFormatException>(
            () => new CellBuilder().StoreUInt(2, 8).StoreBytes(new byte[31]).BuildExotic());
        Assert.Throws<TonFormatException>(
            () => new CellBuilder().StoreUInt(2, 8).StoreBytes(new byte[32]).StoreRef(Cell.Empty).BuildExotic());
        Assert.Throws<TonFormatException>(() => new CellBuilder().BuildExotic());
    }

    [Fact]
    public void The_deepest_chain_survives_and_a_deeper_one_is_refused()
    {
        var deepest = RandomCells.Chain(Cell.MaxDepth + 1);

        AssertSame(deepest, BagOfCells.Parse(BagOfCells.Serialize(deepest)));
        Assert.Throws<TonFormatException>(() => RandomCells.Chain(Cell.MaxDepth + 2));
    }

    private static void AssertSame(Cell expected, Cell actual)
    {
        Assert.Equal(expected, actual);
        Assert.Equal(expected.HashHex, actual.HashHex);
        Assert.Equal(
            (expected.BitLength, expected.Refs.Length, expected.Depth, expected.IsExotic),
            (actual.BitLength, actual.Refs.Length, actual.Depth, actual.IsExotic));
    }
}
