using System.Text;
using CsCheck;

namespace ArdorQr.Ton.Tests;

public sealed class TextCommentTests
{
    [Fact]
    public void A_long_comment_is_read_and_written_byte_for_byte()
    {
        var vector = Samples.Cells.At("cells").EnumerateArray().Single(cell => cell.Text("name") == "snake-comment");

        Assert.True(TextComment.TryRead(BagOfCells.ParseBase64(vector.Text("bocBase64")), out var text));
        Assert.Equal(vector.Text("comment"), text);
        Assert.Equal(vector.Text("bocBase64"), BagOfCells.ToBase64(TextComment.Write(text)));
    }

    [Fact]
    public void Every_comment_survives() =>
        Gen.String[Gen.Char['\u0020', '\u04ff'], 0, TextComment.MaxLengthBytes / 2].Sample(text =>
            TextComment.TryRead(TextComment.Write(text), out var read) && read == text);

    [Fact]
    public void A_comment_has_a_limit()
    {
        var longest = new string('x', TextComment.MaxLengthBytes);

        Assert.True(TextComment.TryRead(TextComment.Write(longest), out var read));
        Assert.Equal(longest, read);
        Assert.Throws<ArgumentException>(() => TextComment.Write(longest + "x"));
        Assert.False(TextComment.TryRead(Comment(new CellBuilder().StoreRef(TextComment.Write(longest))), out _));
    }

    [Fact]
    public void What_is_no_comment_is_not_read()
    {
        Assert.False(TextComment.TryRead(Cell.Empty, out _));
        Assert.False(TextComment.TryRead(new CellBuilder().StoreUInt(1, 32).Build(), out _));
        Assert.False(TextComment.TryRead(Comment(new CellBuilder().StoreUInt(0, 7)), out _));
        Assert.False(TextComment.TryRead(Comment(new CellBuilder().StoreBytes([0xd0])), out _));
        Assert.False(TextComment.TryRead(
            Comment(new CellBuilder().StoreRef(Cell.Empty).StoreRef(Cell.Empty)), out _));
        Assert.Throws<EncoderFallbackException>(() => TextComment.Write("\ud800"));
    }

    private static Cell Comment(CellBuilder rest) =>
        new CellBuilder().StoreUInt(0, 32).StoreCellInline(rest.Build()).Build();
}
