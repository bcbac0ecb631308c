namespace ArdorQr.Ledger.Domain;

/// <summary>The books as far as a batch needs them, read under the wallets' locks.</summary>
/// <param name="Wallets">Every wallet that a request names.</param>
/// <param name="Known">Every transfer that a request names or could collide with: by id, by payment, by debit.</param>
/// <param name="Now">The database's time, to the microsecond.</param>
internal sealed record OpenBooks(
    IReadOnlyDictionary<WalletKey, WalletState> Wallets, IReadOnlyList<Transfer> Known, DateTimeOffset Now);

/// <summary>What a batch adds to the books, and each request's outcome in the requests' order.</summary>
internal sealed record Postings(
    IReadOnlyList<Outcome> Outcomes, IReadOnlyList<Transfer> Transfers, IReadOnlyList<Entry> Entries,
    IReadOnlyList<WalletState> Wallets);
