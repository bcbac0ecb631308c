namespace ArdorQr.Ton;

/// <summary>
/// internal_transfer: one jetton wallet (or the master, when it mints) tells another that jettons are its own now.
/// Carried out by the receiving wallet, it is the receipt of a payment.
/// </summary>
/// <param name="QueryId">The sender's number; it need not be unique.</param>
/// <param name="Amount">Jettons in their smallest unit, 0 to 2^120 − 1.</param>
/// <param name="From">The owner of the sending wallet; null when it names no plain account, as some mints do.</param>
/// <param name="ResponseAddress">Who gets the unused value back; null for nobody or no plain account.</param>
/// <param name="ForwardTonAmount">Nanotons sent on with the notification to the owner.</param>
/// <param name="ForwardPayload">What the notification tells.</param>
public sealed record InternalTransfer(
    ulong QueryId,
    UInt128 Amount,
    TonAddress? From,
    TonAddress? ResponseAddress,
    UInt128 ForwardTonAmount,
    ForwardPayload ForwardPayload);
