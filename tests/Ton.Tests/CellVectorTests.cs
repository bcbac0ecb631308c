namespace ArdorQr.Ton.Tests;

public sealed class CellVectorTests
{
    public static TheoryData<int> Vectors => Samples.Numbers(Samples.Cells.At("cells"));
    public static TheoryData<int> InvalidBocs => Samples.Numbers(Samples.Cells.At("invalidBocs"));

    [Theory, MemberData(nameof(Vectors))]
    public void A_cell_is_read_hashed_and_written_byte_for_byte(int number)
    {
        var vector = Samples.Cells.At("cells")[number];
        foreach (var form in new[] { "bocBase64", "bocNoCrcBase64", "bocWithIndexBase64" })
        {
            var cell = BagOfCells.ParseBase64(vector.Text(form));

            Assert.Equal(vector.Text("hashHex"), cell.HashHex);
            Assert.Equal(vector.Text("hashBase64"), cell.HashBase64);
            Assert.Equal(vector.At("bits").GetInt32(), cell.BitLength);
            Assert.Equal(vector.At("refs").GetInt32(), cell.Refs.Length);
            Assert.Equal(vector.At("depth").GetInt32(), cell.Depth);
            Assert.Equal(vector.At("exotic").GetBoolean(), cell.IsExotic);
            Assert.Equal(vector.Text("bocBase64"), BagOfCells.ToBase64(cell));
            Assert.Equal(
                vector.Text("bocNoCrcBase64"), Convert.ToBase64String(BagOfCells.Serialize(cell, crc32c: false)));
            Assert.Equal(
                vector.Text("bocWithIndexBase64"), Convert.ToBase64String(BagOfCells.Serialize(cell, index: true)));
        }
    }

    [Theory, MemberData(nameof(InvalidBocs))]
    public void An_invalid_bag_is_refused(int number)
    {
        var text = Samples.Cells.At("invalidBocs")[number].Text("bocBase64");

        Assert.Throws<TonFormatException>(() => BagOfCells.ParseBase64(text));
        Assert.False(BagOfCells.TryParseBase64(text, out _));
        Assert.False(BagOfCells.TryParse(Convert.FromBase64String(text), out _));
    }

    [Fact]
    public void Every_bag_of_the_other_files_is_written_byte_for_byte()
    {
        var bags = new[]
            {
                Samples.Cells.At("cells"), Samples.Cells.At("jettonBodies"), Samples.Deposits, Samples.JettonWallets,
            }
            .Concat(new[] { "traces", "jetton-transfers", "runGetMethod.request", "runGetMethod.response" }
                .Select(Samples.Toncenter))
            .SelectMany(Strings).Where(text => text.StartsWith("te6cck", StringComparison.Ordinal)).ToList();

        Assert.True(bags.Count > 100);
        Assert.All(bags, text => Assert.Equal(text, BagOfCells.ToBase64(BagOfCells.ParseBase64(text))));
    }

    private static IEnumerable<string> Strings(System.Text.Json.JsonElement element) => element.ValueKind switch
    {
        System.Text.Json.JsonValueKind.String => [element.GetString()!],
        System.Text.Json.JsonValueKind.Array => element.EnumerateArray().SelectMany(Strings),
        System.Text.Json.JsonValueKind.Object => element.EnumerateObject().SelectMany(member => Strings(member.Value)),
        _ => [],
    };
}
