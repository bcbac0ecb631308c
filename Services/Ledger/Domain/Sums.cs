using ArdorQr.Contracts;

namespace ArdorQr.Ledger.Domain;

/// <summary>
/// What a transfer moves: <see cref="Total"/> leaves the source, <see cref="Amount"/> arrives, <see cref="Fee"/> is the
/// house's. Amount is more than zero, fee is not negative, and total is exactly both.
/// </summary>
internal sealed record Sums
{
    private Sums(Kopecks amount, Kopecks fee, Kopecks total) => (Amount, Fee, Total) = (amount, fee, total);

    public Kopecks Amount { get; }

    public Kopecks Fee { get; }

    public Kopecks Total { get; }

    /// <summary>Null when the three don't fit together.</summary>
    public static Sums? TryOf(Kopecks amount, Kopecks fee, Kopecks total) =>
        amount > Kopecks.Zero && fee >= Kopecks.Zero && (Int128)amount.Value + fee.Value == total.Value
            ? new Sums(amount, fee, total)
            : null;
}
