namespace ArdorQr.Ton;

/// <summary>What a friendly form says beside the address: wishes of whoever printed it.</summary>
/// <param name="Bounceable">Value sent to an account that can't take it should return to the sender (tag 0x11).</param>
/// <param name="TestOnly">The address was printed for a test network (tag + 0x80); mainnet must refuse it.</param>
public readonly record struct TonAddressFlags(bool Bounceable, bool TestOnly);
