namespace ArdorQr.Ton;

/// <summary>What a sender of jettons tells the receiver: free data, often a <see cref="TextComment"/>.</summary>
/// <param name="Content">The data as a cell of its own.</param>
/// <param name="InRef">Whether the body refers to that cell; otherwise it holds the data itself.</param>
public sealed record ForwardPayload(Cell Content, bool InRef)
{
    /// <summary>No data.</summary>
    public static ForwardPayload Empty { get; } = new(Cell.Empty, InRef: false);

    /// <summary>Whether there is no data.</summary>
    public bool IsEmpty => Content.BitLength == 0 && Content.Refs.IsEmpty;

    /// <summary>The text when the data is a text comment, otherwise null.</summary>
    public string? Comment => TextComment.TryRead(Content, out var text) ? text : null;

    /// <summary>A text comment, in a reference unless said otherwise: inline it must fit beside the body.</summary>
    public static ForwardPayload OfComment(string text, bool inRef = true) => new(TextComment.Write(text), inRef);

    /// <summary>
    /// Reads the end of a body. It can't fail: the data is the sender's, and however garbled, the wallets move the
    /// money without looking at it, so a reader that refused it would lose a payment that has arrived.
    /// </summary>
    internal static ForwardPayload LoadEndOf(CellSlice slice)
    {
        if (slice.RemainingBits == 0)
        {
            return Empty;
        }

        if (!slice.LoadBit())
        {
            return new ForwardPayload(slice.LoadRemainder(), InRef: false);
        }

        return slice.RemainingRefs == 0 ? Empty : new ForwardPayload(slice.LoadRef(), InRef: true);
    }

    internal CellBuilder StoreTo(CellBuilder builder) => InRef
        ? builder.StoreBit(true).StoreRef(Content)
        : builder.StoreBit(false).StoreCellInline(Content);
}
