namespace ArdorQr.Sandbox.Domain;

/// <summary>What can become of a transfer on this chain, by the names that the faucet takes.</summary>
internal static class TransferScenario
{
    /// <summary>All goes well.</summary>
    public const string Transfer = "transfer";

    /// <summary>The master mints to the wallet itself. The index shows no row of a transfer.</summary>
    public const string Mint = "mint";

    /// <summary>The receiving wallet is locked by the issuer and sends the jettons back; the row looks fine.</summary>
    public const string Bounced = "bounced";

    /// <summary>The sender's own wallet refused: nothing was sent, the row says so.</summary>
    public const string Aborted = "aborted";

    /// <summary>The receiving wallet ran out of gas; nothing comes back either.</summary>
    public const string OutOfGas = "out_of_gas";

    /// <summary>A jetton of the same name from another master.</summary>
    public const string FakeMaster = "fake_master";

    /// <summary>
    /// A stranger's contract plays a jetton wallet: it notifies the owner and sends our wallet a transfer.
    /// </summary>
    public const string Spoofed = "spoofed";

    /// <summary>TON coins instead of jettons.</summary>
    public const string Ton = "ton";

    /// <summary>The index never shows the row; the jettons are there.</summary>
    public const string Hidden = "hidden";

    /// <summary>The index shows a row and never a transaction: it was of a block that was given up.</summary>
    public const string Vanished = "vanished";

    /// <summary>The owner sends the jettons on to the faucet.</summary>
    public const string Sweep = "sweep";

    public static IReadOnlyList<string> All { get; } =
        [Transfer, Mint, Bounced, Aborted, OutOfGas, FakeMaster, Spoofed, Ton, Hidden, Vanished, Sweep];
}
