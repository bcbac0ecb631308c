using ArdorQr.Contracts;
using ArdorQr.Ledger.Domain;

namespace ArdorQr.Ledger.Tests;

public sealed class RaceTests
{
    private readonly Guid _merchant = Ids.New();

    [Fact]
    public async Task A_hundred_concurrent_debits_of_a_wallet_with_money_for_seven_post_exactly_seven()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.DepositAsync(_merchant, 799);

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => ledger.DebitAsync(Ids.Debit(_merchant, 100))));

        Assert.Equal(7, answers.Count(answer => answer.Status == "posted"));
        Assert.All(answers.Where(answer => answer.Status != "posted"), answer => Assert.Equal("insufficient_funds", answer.Reason));
        Assert.Equal(99, await ledger.BalanceAsync(_merchant));
        await ledger.AssertBalancedAsync();
    }

    [Fact]
    public async Task A_hundred_concurrent_debits_of_one_payment_debit_once()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.DepositAsync(_merchant, 100_000);
        var payment = Ids.New();

        var answers = await Task.WhenAll(Enumerable.Range(0, 100)
            .Select(_ => ledger.DebitAsync(Ids.Debit(_merchant, 100, paymentId: payment))));

        Assert.Single(answers, answer => answer.Status == "posted");
        Assert.Equal(99_900, await ledger.BalanceAsync(_merchant));
    }

    [Fact]
    public async Task Two_replicas_that_get_the_same_ids_post_each_once_and_answer_alike()
    {
        await using var first = await LedgerHost.StartAsync();
        await using var second = first.StartReplica();
        var merchants = Enumerable.Range(0, 5).Select(_ => Ids.New()).ToList();
        foreach (var merchant in merchants)
        {
            await first.DepositAsync(merchant, 1_000);
        }

        // Each wallet has money for ten of its twenty debits, and the replicas get them in opposite orders.
        var bodies = Enumerable.Range(0, 100).Select(index => Ids.Debit(merchants[index % merchants.Count], 100)).ToList();
        var asked = bodies.Select(first.DebitAsync).Concat(bodies.AsEnumerable().Reverse().Select(second.DebitAsync)).ToList();
        var answers = await Task.WhenAll(asked);

        foreach (var pair in answers.GroupBy(answer => answer.Id))
        {
            Assert.Equal(2, pair.Count());
            Assert.Single(pair.Distinct());
        }

        Assert.Equal(100, answers.Count(answer => answer.Status == "posted"));
        foreach (var merchant in merchants)
        {
            Assert.Equal(0, await second.BalanceAsync(merchant));
        }

        await first.AssertBalancedAsync();
    }

    [Fact]
    public async Task Two_engines_under_load_with_the_same_requests_in_other_orders_post_each_once()
    {
        await using var first = await LedgerHost.StartAsync();
        await using var second = first.StartReplica();
        var wallets = Enumerable.Range(0, 10).Select(_ => new WalletKey(Ids.New(), Mode.Test)).ToList();
        var deposits = wallets.Select(wallet => (TransferRequest)new TransferRequest.Deposit(
            Ids.New(), wallet, Sums(100_000), "Пополнение", Ids.New(), Ids.New()));
        await Task.WhenAll(deposits.Select(deposit => first.Engine.PostAsync(deposit, null, LedgerHost.Token)));

        // Debits, a second debit of every third payment, voids and adjustments, all sent to both, to one of them backwards.
        var requests = Enumerable.Range(0, 600).SelectMany(index =>
        {
            var (wallet, payment, id) = (wallets[index % wallets.Count], Ids.New(), Ids.New());
            return new TransferRequest?[]
            {
                new TransferRequest.Debit(id, wallet, payment, Sums(7), "Оплата", Ids.New()),
                index % 3 == 0 ? new TransferRequest.Debit(Ids.New(), wallet, payment, Sums(7), "Оплата", Ids.New()) : null,
                index % 5 == 0 ? new TransferRequest.Void(id, wallet, payment) : null,
                index % 7 == 0 ? new TransferRequest.Adjustment(Ids.New(), wallet, new(-3), "Корректировка: тест", Ids.New()) : null,
            };
        }).OfType<TransferRequest>().ToList();
        var asked = requests.Select(request => first.Engine.PostAsync(request, null, LedgerHost.Token))
            .Concat(requests.AsEnumerable().Reverse().Select(request => second.Engine.PostAsync(request, null, LedgerHost.Token)))
            .ToList();
        var transfers = (await Task.WhenAll(asked)).Select(outcome => Assert.IsType<Outcome.Answered>(outcome).Transfer).ToList();

        Assert.All(transfers.GroupBy(transfer => transfer.TransferId), group => Assert.Single(group.Distinct()));
        var stands = transfers.Distinct().Where(transfer => transfer.Status == TransferStatus.Posted).ToList();
        Assert.All(
            stands.Where(transfer => transfer.Kind == TransferKind.Debit).GroupBy(transfer => transfer.SourceId),
            group => Assert.Single(group));
        foreach (var wallet in wallets)
        {
            var moved = stands.Where(transfer => transfer.Wallet == wallet)
                .Sum(transfer => transfer.Kind == TransferKind.Debit ? -transfer.TotalKopecks!.Value.Value : transfer.TotalKopecks!.Value.Value);
            Assert.Equal(100_000 + moved, await second.BalanceAsync(wallet.MerchantId));
        }

        await first.AssertBalancedAsync();
    }

    private static Sums Sums(long amount) => Domain.Sums.TryOf(new(amount), new(0), new(amount))!;

    [Fact]
    public async Task Two_replicas_that_get_one_id_for_two_wallets_post_one_and_refuse_the_other_as_a_conflict()
    {
        await using var first = await LedgerHost.StartAsync();
        await using var second = first.StartReplica();
        var other = Ids.New();
        await first.DepositAsync(_merchant, 100_000);
        await first.DepositAsync(other, 100_000);
        var bodies = Enumerable.Range(0, 20).Select(_ => Ids.Debit(_merchant, 100)).ToList();

        var answers = await Task.WhenAll(bodies.SelectMany(body =>
            new[] { first.SendDebitAsync(body), second.SendDebitAsync(body with { MerchantId = other }) }));

        Assert.Equal(20, answers.Count(answer => answer.StatusCode == System.Net.HttpStatusCode.OK));
        Assert.Equal(20, answers.Count(answer => answer.StatusCode == System.Net.HttpStatusCode.Conflict));
        Assert.Equal(200_000 - (20 * 100), await first.BalanceAsync(_merchant) + await first.BalanceAsync(other));
        await first.AssertBalancedAsync();
    }

    [Fact]
    public async Task A_void_and_a_debit_that_race_agree_on_who_was_first()
    {
        await using var first = await LedgerHost.StartAsync();
        await using var second = first.StartReplica();
        await first.DepositAsync(_merchant, 100_000);
        var bodies = Enumerable.Range(0, 50).Select(_ => Ids.Debit(_merchant, 100)).ToList();

        var answers = await Task.WhenAll(bodies.SelectMany(body => new[] { first.DebitAsync(body), second.VoidAsync(body) }));

        foreach (var pair in answers.GroupBy(answer => answer.Id))
        {
            Assert.Single(pair.Distinct());
            Assert.Contains(pair.First().Status, new[] { "posted", "voided" });
        }

        var posted = answers.Count(answer => answer.Status == "posted") / 2;
        Assert.Equal(100_000 - (posted * 100), await first.BalanceAsync(_merchant));
        await first.AssertBalancedAsync();
    }

    [Fact]
    public async Task Wallets_that_two_replicas_open_at_once_are_opened_once()
    {
        await using var first = await LedgerHost.StartAsync();
        await using var second = first.StartReplica();
        var merchants = Enumerable.Range(0, 30).Select(_ => Ids.New()).ToList();

        var answers = await Task.WhenAll(merchants.Select(merchant => first.DebitAsync(Ids.Debit(merchant, 1)))
            .Concat(merchants.AsEnumerable().Reverse().Select(merchant => second.DebitAsync(Ids.Debit(merchant, 1)))));

        Assert.All(answers, answer => Assert.Equal("insufficient_funds", answer.Reason));
        Assert.Equal(30, await first.ScalarAsync<long>("SELECT count(*) FROM ledger.wallet"));
    }
}
