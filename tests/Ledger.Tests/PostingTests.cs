using ArdorQr.Contracts;
using ArdorQr.Ledger.Domain;
using CsCheck;

namespace ArdorQr.Ledger.Tests;

/// <summary>The posting function against a model that is written as simply as possible and shares nothing with it.</summary>
public sealed class PostingTests
{
    private const int MaxRequests = 60;

    private static readonly DateTimeOffset Start = new(2026, 6, 19, 12, 0, 0, TimeSpan.Zero);
    internal static readonly WalletKey[] Wallets =
        [new(Numbered(1), Mode.Test), new(Numbered(1), Mode.Live), new(Numbered(2), Mode.Test)];

    // Few ids and small sums, so that repetitions, conflicts and shortages happen all the time.
    private static readonly Gen<Kopecks> Amount =
        Gen.Frequency((9, Gen.Long[1, 50]), (1, Gen.Const(long.MaxValue - 60))).Select(value => new Kopecks(value));

    private static readonly Gen<Sums> AnySums =
        Gen.Select(Amount, Gen.Long[0, 3]).Select((amount, fee) => Sums.TryOf(amount, new(fee), amount + new Kopecks(fee))!);

    private static readonly Gen<TransferRequest> Request = Gen.Select(
        Gen.Int[0, 7], Gen.Int[0, Wallets.Length - 1], Gen.Int[10, 25], Gen.Int[30, 34], Gen.Int[10, 25], AnySums)
        .Select((kind, wallet, id, payment, debit, sums) =>
            MakeRequest(kind, Wallets[wallet], Numbered(id), Numbered(payment), Numbered(debit), sums));

    internal static readonly Gen<TransferRequest[]> Requests = Request.Array[0, MaxRequests];

    [Fact]
    public void Any_sequence_ends_as_the_naive_model_says() =>
        Requests.Sample(requests =>
        {
            var model = new NaiveBooks();
            var expected = requests.Select(model.Ask).ToList();

            var postings = Posting.Post(Empty(), requests);

            Assert.Equal(expected, postings.Outcomes.Select(Describe));
            Assert.Equal(
                model.Balances.Where(balance => balance.Value != 0).OrderBy(balance => balance.Key),
                postings.Entries.GroupBy(entry => entry.AccountId)
                    .Select(group => KeyValuePair.Create(group.Key, SumOf(group)))
                    .Where(balance => balance.Value != 0).OrderBy(balance => balance.Key));
        });

    [Fact]
    public void Every_transfer_sums_to_zero_and_no_wallet_goes_below_it() =>
        Requests.Sample(requests =>
        {
            var postings = Posting.Post(Empty(), requests);

            Assert.All(
                postings.Entries.GroupBy(entry => entry.TransferId),
                group => Assert.Equal(Int128.Zero, SumOf(group)));
            Assert.All(postings.Entries, entry => Assert.False(entry.BalanceAfter < Kopecks.Zero));
            Assert.All(postings.Transfers, transfer => Assert.True(transfer.BalanceKopecks >= Kopecks.Zero));
            Assert.Equal(
                postings.Transfers.Where(transfer => transfer.Status == TransferStatus.Posted)
                    .Select(transfer => transfer.TransferId).Order(),
                postings.Entries.Select(entry => entry.TransferId).Distinct().Order());
        });

    [Fact]
    public void A_wallets_entries_are_numbered_without_a_gap_with_running_balances_and_rising_times() =>
        Requests.Sample(requests =>
        {
            var postings = Posting.Post(Empty(), requests);

            foreach (var wallet in postings.Entries.Where(entry => entry.Sequence is not null).GroupBy(entry => entry.AccountId))
            {
                var (balance, sequence, last, hash) = (Kopecks.Zero, 0L, DateTimeOffset.MinValue, OperationHash.Zero);
                foreach (var entry in wallet)
                {
                    balance += entry.Amount;
                    Assert.Equal((++sequence, balance), (entry.Sequence, entry.BalanceAfter));
                    Assert.True(entry.CreatedAt > last && entry.CreatedAt.Ticks % TimeSpan.TicksPerMicrosecond == 0);
                    Assert.Equal(hash, entry.PreviousHash);
                    Assert.NotEqual(hash, entry.Hash);
                    (last, hash) = (entry.CreatedAt, entry.Hash!.Value);
                }

                Assert.Equal(
                    new WalletState(wallet.Key, balance, sequence, last, hash),
                    Assert.Single(postings.Wallets, state => state.AccountId == wallet.Key));
            }
        });

    [Fact]
    public void One_batch_or_many_come_to_the_same() =>
        Gen.Select(Requests, Gen.Int[1, 7]).Sample((requests, size) =>
        {
            var whole = Posting.Post(Empty(), requests);
            var (books, outcomes, entries) = (Empty(), new List<Outcome>(), new List<Entry>());
            foreach (var chunk in requests.Chunk(size))
            {
                var part = Posting.Post(books, chunk);
                outcomes.AddRange(part.Outcomes);
                entries.AddRange(part.Entries);
                books = After(books, part);
            }

            Assert.Equal(whole.Outcomes, outcomes);
            Assert.Equal(whole.Entries, entries);
        });

    [Fact]
    public void A_replay_is_answered_the_same_and_changes_nothing() =>
        Requests.Sample(requests =>
        {
            var first = Posting.Post(Empty(), requests);
            var answered = requests.Zip(first.Outcomes).Where(pair => pair.Second is Outcome.Answered).ToList();

            var again = Posting.Post(After(Empty(), first), [.. answered.Select(pair => pair.First)]);

            Assert.Equal(answered.Select(pair => pair.Second), again.Outcomes);
            Assert.Empty(again.Transfers);
            Assert.Empty(again.Entries);
            Assert.Empty(again.Wallets);
        });

    [Fact]
    public void A_request_that_cannot_be_met_does_not_disturb_its_neighbours() =>
        Requests.Sample(requests =>
        {
            var whole = Posting.Post(Empty(), requests);
            var met = requests.Zip(whole.Outcomes)
                .Where(pair => pair.Second is Outcome.Answered { Transfer.Status: TransferStatus.Posted }).ToList();

            var alone = Posting.Post(Empty(), [.. met.Select(pair => pair.First)]);

            Assert.Equal(whole.Entries, alone.Entries);
        });

    [Fact]
    public void A_clock_that_stands_still_or_goes_back_still_gives_rising_times()
    {
        var books = Empty() with
        {
            Wallets = new Dictionary<WalletKey, WalletState> { [Wallets[0]] = new(1000, new(100), 5, Start.AddHours(1), OperationHash.Zero) },
        };
        var debits = Enumerable.Range(0, 3).Select(index => MakeRequest(
            0, Wallets[0], Numbered(index + 10), Numbered(index + 30), default, Sums.TryOf(new(1), new(0), new(1))!)).ToList();

        var entries = Posting.Post(books, debits).Entries.Where(entry => entry.Sequence is not null);

        Assert.Equal(
            [Start.AddHours(1).AddMicroseconds(1), Start.AddHours(1).AddMicroseconds(2), Start.AddHours(1).AddMicroseconds(3)],
            entries.Select(entry => entry.CreatedAt));
    }

    [Fact]
    public void Sums_at_the_limits_of_64_bits_fail_cleanly_and_leave_their_neighbours_alone()
    {
        var wallet = Wallets[0];
        var largest = Sums.TryOf(new(long.MaxValue), new(0), new(long.MaxValue))!;
        TransferRequest Adjusted(int id, long amount) =>
            new TransferRequest.Adjustment(Numbered(id), wallet, new(amount), "x", Numbered(id + 100));

        var postings = Posting.Post(Empty(),
        [
            new TransferRequest.Deposit(Numbered(10), wallet, largest, "x", Numbered(110), Numbered(210)),
            Adjusted(11, 1), // Beyond the limit by one.
            Adjusted(12, long.MinValue), // Has no opposite in 64 bits.
            new TransferRequest.Debit(Numbered(13), wallet, Numbered(30), largest, "x", Numbered(113)),
            new TransferRequest.Debit(Numbered(14), wallet, Numbered(31), largest, "x", Numbered(114)),
            Adjusted(15, long.MaxValue),
            Adjusted(16, -long.MaxValue),
        ]);

        Assert.Equal(
            ["Posted", "TooLarge", "Refused", "Posted", "Refused", "Posted", "Posted"],
            postings.Outcomes.Select(outcome => outcome is Outcome.Answered { Transfer.Status: var status } ? $"{status}" : outcome.GetType().Name));
        Assert.Equal(new Kopecks(0), Assert.Single(postings.Wallets).Balance);
        Assert.All(postings.Entries.GroupBy(entry => entry.TransferId), group => Assert.Equal(Int128.Zero, SumOf(group)));
    }

    [Fact]
    public void The_wallets_chain_links_what_its_entries_say() =>
        Requests.Sample(requests =>
        {
            var postings = Posting.Post(Empty(), requests);
            var transfers = postings.Transfers.ToDictionary(transfer => transfer.TransferId);
            var links = new Dictionary<long, OperationHash>();
            foreach (var entry in postings.Entries.Where(entry => entry.Sequence is not null))
            {
                var (transfer, previous) = (transfers[entry.TransferId], links.GetValueOrDefault(entry.AccountId));
                links[entry.AccountId] = OperationChain.HashOf(previous, new ChainedOperation(
                    transfer.Wallet, entry.Sequence!.Value, entry.OperationId!.Value, Codes.OperationTypeOf(transfer.Kind),
                    entry.Amount, entry.BalanceAfter!.Value, transfer.SourceId, entry.CreatedAt, transfer.Description));
                Assert.Equal((previous, links[entry.AccountId]), (entry.PreviousHash, entry.Hash));
            }

            Assert.Equal(links, postings.Wallets.ToDictionary(wallet => wallet.AccountId, wallet => wallet.LastHash));
        });

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(-1, 2, 1)]
    [InlineData(1, -1, 0)]
    [InlineData(1, 1, 3)]
    [InlineData(long.MaxValue, 1, long.MinValue)]
    public void Sums_that_do_not_fit_together_cannot_be_built(long amount, long fee, long total) =>
        Assert.Null(Sums.TryOf(new(amount), new(fee), new(total)));

    private static Int128 SumOf(IEnumerable<Entry> entries) =>
        entries.Aggregate(Int128.Zero, (sum, entry) => sum + entry.Amount.Value);

    private static TransferRequest MakeRequest(
        int kind, WalletKey wallet, Guid id, Guid payment, Guid debit, Sums sums) => kind switch
    {
        0 or 1 => new TransferRequest.Debit(id, wallet, payment, sums, "Оплата", Derived(id, 1)),
        2 => new TransferRequest.Deposit(id, wallet, sums, "Пополнение", Derived(id, 1), Derived(id, 2)),
        3 => new TransferRequest.Void(id, wallet, payment),
        4 => new TransferRequest.Settlement(Derived(id, 4), wallet, payment, debit, sums, Derived(id, 2)),
        5 => new TransferRequest.Adjustment(id, wallet, sums.Total, "Корректировка: плюс", Derived(id, 1)),
        6 => new TransferRequest.Adjustment(id, wallet, -sums.Amount, "Корректировка: минус", Derived(id, 1)),
        _ => new TransferRequest.Refund(
            Derived(id, 5), wallet, payment, debit, Sums.TryOf(sums.Total, Kopecks.Zero, sums.Total)!, "Возврат",
            Derived(id, 1), Derived(id, 2)),
    };

    internal static OpenBooks Empty() => new(
        Wallets.Select((key, index) => (key, WalletState.Opened(1000 + index))).ToDictionary(), [], Start);

    private static OpenBooks After(OpenBooks books, Postings postings) => new(
        books.Wallets.ToDictionary(
            wallet => wallet.Key,
            wallet => postings.Wallets.SingleOrDefault(state => state.AccountId == wallet.Value.AccountId) ?? wallet.Value),
        [.. books.Known, .. postings.Transfers], books.Now);

    private static string Describe(Outcome outcome) => outcome switch
    {
        Outcome.Answered { Transfer: var transfer } =>
            $"{transfer.TransferId} {transfer.Status} {transfer.Reason} {transfer.BalanceKopecks}",
        _ => outcome.GetType().Name,
    };

    private static Guid Numbered(int number) => new(number, 0, 0, new byte[8]);

    private static Guid Derived(Guid id, byte kind) => new([.. id.ToByteArray()[..15], kind]);
}
