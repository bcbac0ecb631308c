namespace ArdorQr.Ton;

/// <summary>A MsgAddress as block.tlb has it, read to its end whatever its kind.</summary>
/// <param name="Kind">The two-bit constructor, or <see cref="Other"/>.</param>
/// <param name="Address">The account, of a plain addr_std only.</param>
internal readonly record struct MessageAddress(int Kind, TonAddress? Address)
{
    public const int None = 0b00;
    public const int Standard = 0b10;
    public const int Other = -1;

    private const int External = 0b01;
    private const int HashBits = TonAddress.HashLengthBytes * 8;

    public static MessageAddress Load(CellSlice slice)
    {
        var constructor = (int)slice.LoadUInt(2);
        switch (constructor)
        {
            case None:
                return new MessageAddress(None, null);
            case External:
                slice.SkipBits((int)slice.LoadUInt(9));
                return new MessageAddress(Other, null);
            case Standard:
                var isAnycast = SkipAnycast(slice);
                var address = new TonAddress((int)slice.LoadInt(8), slice.LoadBytes(HashBits / 8));
                return isAnycast ? new MessageAddress(Other, null) : new MessageAddress(Standard, address);
            default: // addr_var: anycast, length, a 32-bit workchain, and that many bits.
                SkipAnycast(slice);
                var length = (int)slice.LoadUInt(9);
                slice.SkipBits(32 + length);
                return new MessageAddress(Other, null);
        }
    }

    private static bool SkipAnycast(CellSlice slice)
    {
        if (!slice.LoadBit())
        {
            return false;
        }

        slice.SkipBits((int)slice.LoadUInt(5));
        return true;
    }
}
