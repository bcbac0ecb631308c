namespace ArdorQr.Ton;

/// <summary>
/// Where an owner's jettons are held: the address follows from owner, master and the wallet's code, and is derived
/// here instead of being asked for, so that a lying API can't redirect deposits.
/// </summary>
public static class JettonWallet
{
    private const string UsdtMainnetCodeHashHex = "8f452d7a4dfd74066b682365177259ed05734435be76b5fd4bd5d8af2b7c3d68";

    /// <summary>The master of USDT (Tether) on mainnet.</summary>
    public static TonAddress UsdtMainnetMaster { get; } =
        TonAddress.Parse("0:b113a994b5024a16719f69139328eb759596c38a25f59028b146fecdc3621dfe");

    /// <summary>The code of USDT's wallets on mainnet: a library cell.</summary>
    public static Cell UsdtMainnetCode { get; } = LibraryCode(Convert.FromHexString(UsdtMainnetCodeHashHex));

    /// <summary>The library cell that stands for a code: byte 02 and the code's hash.</summary>
    /// <exception cref="ArgumentException">The hash has another length than 32 bytes.</exception>
    public static Cell LibraryCode(ReadOnlySpan<byte> codeHash)
    {
        if (codeHash.Length != Cell.HashLengthBytes)
        {
            throw new ArgumentException("The hash of a code has 32 bytes.", nameof(codeHash));
        }

        return new CellBuilder().StoreUInt(Cell.LibraryType, 8).StoreBytes(codeHash).BuildExotic();
    }

    /// <summary>The wallet of an owner in USDT's layout (tether stablecoin contract), in workchain 0.</summary>
    public static TonAddress AddressOf(TonAddress owner, TonAddress master, Cell walletCode) =>
        StateInitOf(owner, master, walletCode).AddressIn(workchain: 0);

    /// <summary>The state that wallet starts with: status 0, balance 0, owner, master.</summary>
    public static StateInit StateInitOf(TonAddress owner, TonAddress master, Cell walletCode) =>
        new(walletCode, new CellBuilder()
            .StoreUInt(0, 4).StoreCoins(0).StoreAddress(owner).StoreAddress(master).Build());

    /// <summary>The wallet of an owner in the layout of TEP-74's reference contract, in workchain 0.</summary>
    public static TonAddress Tep74AddressOf(TonAddress owner, TonAddress master, Cell walletCode) =>
        Tep74StateInitOf(owner, master, walletCode).AddressIn(workchain: 0);

    /// <summary>The state that wallet starts with: balance 0, owner, master, the code itself.</summary>
    public static StateInit Tep74StateInitOf(TonAddress owner, TonAddress master, Cell walletCode) =>
        new(walletCode, new CellBuilder()
            .StoreCoins(0).StoreAddress(owner).StoreAddress(master).StoreRef(walletCode).Build());
}
