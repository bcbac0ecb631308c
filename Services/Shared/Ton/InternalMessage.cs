namespace ArdorQr.Ton;

/// <summary>
/// A message between accounts (int_msg_info of block.tlb). Its cell's hash is the message's hash: the same in the
/// sender's out_msgs and in the receiver's in_msg.
/// </summary>
public sealed record InternalMessage
{
    /// <summary>The sending account.</summary>
    public required TonAddress Source { get; init; }

    /// <summary>The receiving account.</summary>
    public required TonAddress Destination { get; init; }

    /// <summary>The value carried, in nanotons; extra currencies are not supported.</summary>
    public required UInt128 ValueNanoTons { get; init; }

    /// <summary>What carrying it cost, in nanotons.</summary>
    public UInt128 ForwardFeeNanoTons { get; init; }

    /// <summary>Always 0 on today's networks, where the field carries flags instead of a fee.</summary>
    public UInt128 IhrFeeNanoTons { get; init; }

    /// <summary>Always true on today's networks.</summary>
    public bool IhrDisabled { get; init; } = true;

    /// <summary>Whether the message returns if the receiver fails.</summary>
    public bool Bounce { get; init; }

    /// <summary>Whether this is such a return.</summary>
    public bool Bounced { get; init; }

    /// <summary>The message's logical time.</summary>
    public required ulong CreatedLt { get; init; }

    /// <summary>The time of sending, in Unix seconds.</summary>
    public required uint CreatedAtUnixSeconds { get; init; }

    /// <summary>The state that an account not yet deployed starts with; written in a reference.</summary>
    public StateInit? StateInit { get; init; }

    /// <summary>The body.</summary>
    public Cell Body { get; init; } = Cell.Empty;

    /// <summary>Whether the body is in a reference. The sender chooses, and the hash depends on it.</summary>
    public bool BodyInRef { get; init; } = true;

    /// <summary>The message's cell.</summary>
    /// <exception cref="InvalidOperationException">An inline body doesn't fit.</exception>
    public Cell ToCell()
    {
        var builder = new CellBuilder()
            .StoreBit(false) // int_msg_info$0
            .StoreBit(IhrDisabled)
            .StoreBit(Bounce)
            .StoreBit(Bounced)
            .StoreAddress(Source)
            .StoreAddress(Destination)
            .StoreCoins(ValueNanoTons)
            .StoreBit(false) // no extra currencies
            .StoreCoins(IhrFeeNanoTons)
            .StoreCoins(ForwardFeeNanoTons)
            .StoreUInt(CreatedLt, 64)
            .StoreUInt(CreatedAtUnixSeconds, 32)
            .StoreBit(StateInit is not null);
        if (StateInit is not null)
        {
            builder.StoreBit(true).StoreRef(StateInit.ToCell());
        }

        builder.StoreBit(BodyInRef);
        return (BodyInRef ? builder.StoreRef(Body) : builder.StoreCellInline(Body)).Build();
    }
}
