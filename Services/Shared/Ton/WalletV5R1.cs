namespace ArdorQr.Ton;

/// <summary>
/// The wallet contract v5r1 as a deposit address: one key, and an address of its own for every merchant's number.
/// </summary>
public static class WalletV5R1
{
    /// <summary>The network's global id of mainnet, which is part of a wallet's id.</summary>
    public const int MainnetGlobalId = -239;

    /// <summary>The network's global id of the public testnet.</summary>
    public const int TestnetGlobalId = -3;

    /// <summary>The largest merchant number: a custom context has 31 bits.</summary>
    public const uint MaxMerchantNumber = int.MaxValue;

    /// <summary>Bytes in an ed25519 public key.</summary>
    public const int PublicKeyLengthBytes = 32;

    private const string CodeBase64 =
        "te6cckECFAEAAoEAART/APSkE/S88sgLAQIBIAINAgFIAwQC3NAg10nBIJFbj2Mg1wsfIIIQZXh0br0hghBzaW50vbCSXwPgghBl"
        + "eHRuuo60gCDXIQHQdNch+kAw+kT4KPpEMFi9kVvg7UTQgQFB1yH0BYMH9A5voTGRMOGAQNchcH/bPOAxINdJgQKAuZEw4HDiEA8C"
        + "ASAFDAIBIAYJAgFuBwgAGa3OdqJoQCDrkOuF/8AAGa8d9qJoQBDrkOuFj8ACAUgKCwAXsyX7UTQcdch1wsfgABGyYvtRNDXCgCAA"
        + "Gb5fD2omhAgKDrkPoCwBAvIOAR4g1wsfghBzaWduuvLgin8PAeaO8O2i7fshgwjXIgKDCNcjIIAg1yHTH9Mf0x/tRNDSANMfINMf"
        + "0//XCgAK+QFAzPkQmiiUXwrbMeHywIffArNQB7Dy0IRRJbry4IVQNrry4Ib4I7vy0IgikvgA3gGkf8jKAMsfAc8Wye1UIJL4D95w"
        + "2zzYEAP27aLt+wL0BCFukmwhjkwCIdc5MHCUIccAs44tAdcoIHYeQ2wg10nACPLgkyDXSsAC8uCTINcdBscSwgBSMLDy0InXTNc5"
        + "MAGk6GwShAe78uCT10rAAPLgk+1V4tIAAcAAkVvg69csCBQgkXCWAdcsCBwS4lIQseMPINdKERITAJYB+kAB+kT4KPpEMFi68uCR"
        + "7UTQgQFB1xj0BQSdf8jKAEAEgwf0U/Lgi44UA4MH9Fvy4Iwi1woAIW4Bs7Dy0JDiyFADzxYS9ADJ7VQAcjDXLAgkji0h8uCS0gDt"
        + "RNDSAFETuvLQj1RQMJExnAGBAUDXIdcKAPLgjuLIygBYzxbJ7VST8sCN4gAQk1vbMeHXTNC01sNe";

    /// <summary>The contract's code (github.com/ton-blockchain/wallet-contract-v5, release v5r1).</summary>
    public static Cell Code { get; } = BagOfCells.ParseBase64(CodeBase64);

    /// <summary>The address of a merchant's wallet in workchain 0.</summary>
    /// <param name="publicKey32">The ed25519 public key, exactly 32 bytes.</param>
    /// <param name="networkGlobalId">The network's global id: −239 for mainnet, −3 for testnet.</param>
    /// <param name="merchantNumber">0 to <see cref="MaxMerchantNumber"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number has more than 31 bits.</exception>
    /// <exception cref="ArgumentException">The key has another length.</exception>
    public static TonAddress AddressOf(ReadOnlySpan<byte> publicKey32, int networkGlobalId, uint merchantNumber) =>
        StateInitOf(publicKey32, WalletIdOf(networkGlobalId, merchantNumber)).AddressIn(workchain: 0);

    /// <summary>The wallet's id: the network's id xor a custom context (a zero bit, then 31 bits).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number has more than 31 bits.</exception>
    public static int WalletIdOf(int networkGlobalId, uint merchantNumber)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(merchantNumber, MaxMerchantNumber);
        return networkGlobalId ^ (int)merchantNumber;
    }

    /// <summary>The state a wallet starts with: signatures allowed, seqno 0, id, key, no extensions.</summary>
    /// <exception cref="ArgumentException">The key has another length than 32 bytes.</exception>
    public static StateInit StateInitOf(ReadOnlySpan<byte> publicKey32, int walletId)
    {
        if (publicKey32.Length != PublicKeyLengthBytes)
        {
            throw new ArgumentException("An ed25519 public key has 32 bytes.", nameof(publicKey32));
        }

        var data = new CellBuilder()
            .StoreBit(true) // signatures are allowed
            .StoreUInt(0, 32) // seqno
            .StoreInt(walletId, 32)
            .StoreBytes(publicKey32)
            .StoreBit(false) // no extensions
            .Build();
        return new StateInit(Code, data);
    }
}
