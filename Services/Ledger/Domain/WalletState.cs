using ArdorQr.Contracts;

namespace ArdorQr.Ledger.Domain;

/// <summary>Whose wallet: a merchant has one in each mode.</summary>
internal readonly record struct WalletKey(Guid MerchantId, Mode Mode);

/// <summary>A wallet as its last entry left it.</summary>
/// <param name="AccountId">The wallet's account, 1000 and up.</param>
/// <param name="Balance">Never below zero.</param>
/// <param name="LastSequence">The number of the last entry; 0 before the first.</param>
/// <param name="LastEntryAt">When the last entry was made, to the microsecond.</param>
/// <param name="LastHash">The last entry's link of the chain; zeros before the first.</param>
internal sealed record WalletState(
    long AccountId, Kopecks Balance, long LastSequence, DateTimeOffset? LastEntryAt, OperationHash LastHash)
{
    public static WalletState Opened(long accountId) => new(accountId, Kopecks.Zero, 0, null, OperationHash.Zero);

    /// <summary>As a wallet's entry left it.</summary>
    public static WalletState After(Entry entry) => new(
        entry.AccountId, entry.BalanceAfter ?? Kopecks.Zero, entry.Sequence ?? 0, entry.CreatedAt,
        entry.Hash ?? OperationHash.Zero);

    /// <summary>When the next entry is made: now, but strictly after the last one, whatever the clock does.</summary>
    public DateTimeOffset NextEntryAt(DateTimeOffset now) =>
        LastEntryAt?.AddMicroseconds(1) is { } next && next > now ? next : now;

    /// <summary>The wallet after its next entry, but for the hash, which is made of what this says.</summary>
    /// <exception cref="OverflowException">The new balance is beyond 64 bits.</exception>
    public WalletState Moved(Kopecks amount, DateTimeOffset now) =>
        this with
        {
            Balance = Balance + amount,
            LastSequence = checked(LastSequence + 1),
            LastEntryAt = NextEntryAt(now),
        };
}
