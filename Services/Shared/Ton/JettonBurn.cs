namespace ArdorQr.Ton;

/// <summary>burn: an owner tells his jetton wallet to destroy jettons.</summary>
/// <param name="QueryId">The sender's number; it need not be unique.</param>
/// <param name="Amount">Jettons in their smallest unit, 0 to 2^120 − 1.</param>
/// <param name="ResponseDestination">Who gets the unused value back; null for nobody or no plain account.</param>
/// <param name="CustomPayload">Data for the wallet itself.</param>
public sealed record JettonBurn(ulong QueryId, UInt128 Amount, TonAddress? ResponseDestination, Cell? CustomPayload);
