namespace ArdorQr.Ton;

/// <summary>transfer_notification: a jetton wallet tells its owner that jettons have come.</summary>
/// <param name="QueryId">The sender's number; it need not be unique.</param>
/// <param name="Amount">Jettons in their smallest unit, 0 to 2^120 − 1.</param>
/// <param name="Sender">The owner they came from; null when it names no plain account.</param>
/// <param name="ForwardPayload">What the sender tells.</param>
public sealed record TransferNotification(
    ulong QueryId, UInt128 Amount, TonAddress? Sender, ForwardPayload ForwardPayload);
