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
