namespace ArdorQr.Ton;

/// <summary>transfer: an owner tells his jetton wallet to send jettons.</summary>
/// <param name="QueryId">The sender's number; it need not be unique.</param>
/// <param name="Amount">Jettons in their smallest unit, 0 to 2^120 − 1.</param>
/// <param name="Destination">The owner who is to receive them (not his jetton wallet).</param>
/// <param name="ResponseDestination">Who gets the unused value back; null for nobody or no plain account.</param>
/// <param name="CustomPayload">Data for the sending wallet itself.</param>
/// <param name="ForwardTonAmount">Nanotons to send on with the notification.</param>
/// <param name="ForwardPayload">What the notification tells.</param>
public sealed record JettonTransfer(
    ulong QueryId,
    UInt128 Amount,
    TonAddress Destination,
    TonAddress? ResponseDestination,
    Cell? CustomPayload,
    UInt128 ForwardTonAmount,
    ForwardPayload ForwardPayload);
