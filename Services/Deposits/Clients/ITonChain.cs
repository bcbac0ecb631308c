using ArdorQr.Deposits.Domain;
using ArdorQr.Ton;

namespace ArdorQr.Deposits.Clients;

/// <summary>
/// What the watcher asks of a TON chain. One instance speaks to one world. A failed or garbled answer is an
/// <see cref="ChainUnavailableException"/>: the question is asked again later.
/// </summary>
internal interface ITonChain
{
    /// <summary>The newest masterchain block.</summary>
    Task<ChainHead> HeadAsync(CancellationToken cancellationToken);

    /// <summary>Rows of transfers of one jetton to these owners, by logical time ascending.</summary>
    /// <param name="owners">1 to <see cref="MaxOwners"/> owners; none at all means all there are.</param>
    /// <param name="master">The jetton's master.</param>
    /// <param name="startLt">The smallest logical time, inclusive.</param>
    /// <param name="endLt">The largest logical time, inclusive.</param>
    /// <param name="offset">Rows to skip: pages are <see cref="PageSize"/> rows.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    Task<ChainPage<TransferHint>> IncomingTransfersAsync(
        IReadOnlyList<TonAddress> owners, TonAddress master, long startLt, long endLt, int offset,
        CancellationToken cancellationToken);

    /// <summary>The transaction of this hash, or null while the index doesn't know it.</summary>
    Task<ChainTransaction?> TransactionAsync(ChainHash hash, CancellationToken cancellationToken);

    /// <summary>Transactions of an account from a logical time on, ascending, at most <see cref="PageSize"/>.</summary>
    Task<ChainPage<ChainTransaction>> TransactionsOfAsync(
        TonAddress account, long startLt, int offset, CancellationToken cancellationToken);

    /// <summary>What these owners hold of a jetton; an owner without a wallet is left out.</summary>
    /// <param name="owners">1 to <see cref="MaxOwners"/> owners.</param>
    /// <param name="master">The jetton's master.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    Task<IReadOnlyList<WalletBalance>> BalancesAsync(
        IReadOnlyList<TonAddress> owners, TonAddress master, CancellationToken cancellationToken);

    /// <summary>The transaction that sent a message, or null while the index doesn't know it.</summary>
    Task<ChainTransaction?> SenderOfAsync(ChainHash messageHash, CancellationToken cancellationToken);

    /// <summary>Where the master itself says that an owner's jettons are held.</summary>
    Task<TonAddress> JettonWalletOfAsync(TonAddress owner, TonAddress master, CancellationToken cancellationToken);

    /// <summary>Owners per request; more would make the request's line longer than servers take.</summary>
    const int MaxOwners = 80;

    /// <summary>Rows per answer; the API refuses more than 1,000.</summary>
    const int PageSize = 500;
}

/// <summary>One answer's rows.</summary>
/// <param name="Rows">The rows that could be read.</param>
/// <param name="RowCount">Rows in the answer, readable or not: less than a full page means that it was the last.</param>
internal sealed record ChainPage<T>(IReadOnlyList<T> Rows, int RowCount);

/// <summary>The chain's API is away, overloaded, or answers what can't be read.</summary>
internal sealed class ChainUnavailableException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>How long the API asked to be left alone, when it did.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
