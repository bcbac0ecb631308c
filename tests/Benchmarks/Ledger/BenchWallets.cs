using ArdorQr.Contracts;
using ArdorQr.Ledger.Database;
using ArdorQr.Ledger.Domain;

namespace ArdorQr.Benchmarks.Ledger;

/// <summary>The merchants of the bench, and the engine called as an endpoint would call it.</summary>
internal static class BenchWallets
{
    /// <summary>Spread loads choose among these at random; a hot load uses the first alone.</summary>
    public const int Count = 100_000;

    /// <summary>Two batches' worth: the next one is always waiting when one commits.</summary>
    private const int InFlight = 2 * PostingEngine.MaxBatch;

    private static readonly Kopecks Funds = new(10_000_000_000_000);
    private static readonly Sums OneRuble = Sums.TryOf(new(100), new(0), new(100))!;

    public static Guid MerchantOf(int index) => new(index, 0x4172, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 1);

    /// <summary>Puts money into every wallet.</summary>
    public static Task FundAsync(PostingEngine engine, CancellationToken cancellationToken)
    {
        var next = -1;
        return Task.WhenAll(Enumerable.Range(0, InFlight).Select(async _ =>
        {
            for (int index; (index = Interlocked.Increment(ref next)) < Count;)
            {
                var sums = Sums.TryOf(Funds, new(0), Funds)!;
                await PostAsync(engine, new TransferRequest.Deposit(
                    NewId(), WalletOf(index), sums, "Пополнение", NewId(), NewId()), cancellationToken);
            }
        }));
    }

    /// <summary>Debits over so many wallets for a time; returns how many were posted per second.</summary>
    public static async Task<double> DebitAsync(
        PostingEngine engine, int wallets, int seconds, CancellationToken cancellationToken)
    {
        var (began, posted) = (TimeProvider.System.GetTimestamp(), 0);
        await Task.WhenAll(Enumerable.Range(0, InFlight).Select(async seed =>
        {
            var random = new Random(seed);
            while (TimeProvider.System.GetElapsedTime(began).TotalSeconds < seconds)
            {
                await PostAsync(engine, NewDebit(random.Next(wallets)), cancellationToken);
                Interlocked.Increment(ref posted);
            }
        }));
        return posted / TimeProvider.System.GetElapsedTime(began).TotalSeconds;
    }

    /// <summary>So many debits over all wallets.</summary>
    public static Task DebitAsync(PostingEngine engine, int count, CancellationToken cancellationToken)
    {
        var next = -1;
        return Task.WhenAll(Enumerable.Range(0, InFlight).Select(async seed =>
        {
            var random = new Random(seed);
            while (Interlocked.Increment(ref next) < count)
            {
                await PostAsync(engine, NewDebit(random.Next(Count)), cancellationToken);
            }
        }));
    }

    private static TransferRequest.Debit NewDebit(int wallet) =>
        new(NewId(), WalletOf(wallet), NewId(), OneRuble, "Оплата по QR", NewId());

    private static WalletKey WalletOf(int index) => new(MerchantOf(index), Mode.Test);

    private static Guid NewId() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    private static async Task PostAsync(PostingEngine engine, TransferRequest request, CancellationToken cancellationToken)
    {
        var outcome = await engine.PostAsync(request, announcement: null, cancellationToken);
        if (outcome is not Outcome.Answered { Transfer.Status: TransferStatus.Posted })
        {
            throw new InvalidOperationException($"{request} ended as {outcome}.");
        }
    }
}
