using System.Net;
using ArdorQr.Contracts;
using ArdorQr.Contracts.Events;
using ArdorQr.Ledger.Database;
using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Database;

namespace ArdorQr.Ledger.Tests;

/// <summary>The engine when callers leave, the queue fills, the process stops or the connection breaks.</summary>
public sealed class EngineTests
{
    private readonly Guid _merchant = Ids.New();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_connection_that_breaks_at_the_commit_leaves_one_effect_and_its_answer(bool committed)
    {
        await using var direct = await LedgerHost.StartAsync();
        await direct.DepositAsync(_merchant, 1_000);
        await using var proxy = new CuttingProxy(direct.Database.ConnectionString);
        await using var ledger = direct.StartReplica(proxy);
        var body = Ids.Debit(_merchant, 100);

        proxy.Arm(committed ? CuttingProxy.Cut.AfterCommit : CuttingProxy.Cut.BeforeCommit);
        var answer = await ledger.DebitAsync(body);

        Assert.Equal(1, proxy.Cuts);
        Assert.Equal(("posted", 900L), (answer.Status, answer.BalanceMinor));
        Assert.Equal(answer, await direct.DebitAsync(body));
        Assert.Equal(900, await direct.BalanceAsync(_merchant));
        await direct.AssertBalancedAsync();
    }

    [Fact]
    public async Task A_deposit_whose_commit_is_not_known_is_credited_once_and_answered()
    {
        await using var direct = await LedgerHost.StartAsync();
        await using var proxy = new CuttingProxy(direct.Database.ConnectionString);
        await using var ledger = direct.StartReplica(proxy);
        await ledger.DebitAsync(Ids.Debit(_merchant, 1)); // Opens the wallet, so that the next commit is the deposit's.

        proxy.Arm(CuttingProxy.Cut.AfterCommit);
        var deposit = await ledger.DepositAsync(_merchant, 1_000);

        Assert.Equal(1, proxy.Cuts);
        Assert.Equal(deposit.DepositId, (await ledger.AnswersAsync<DepositPosted>(1))[0].DepositId);
        Assert.Equal(1_000, await direct.BalanceAsync(_merchant));
        await direct.AssertBalancedAsync();
    }

    [Fact]
    public async Task Without_a_database_a_debit_is_unavailable_and_may_be_asked_again()
    {
        await using var direct = await LedgerHost.StartAsync();
        await direct.DepositAsync(_merchant, 1_000);
        var proxy = new CuttingProxy(direct.Database.ConnectionString);
        await using var ledger = direct.StartReplica(proxy);
        var body = Ids.Debit(_merchant, 100);
        await proxy.DisposeAsync();

        using var response = await ledger.SendDebitAsync(body);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.NotNull(response.Headers.RetryAfter);
        Assert.Equal("posted", (await direct.DebitAsync(body)).Status);
    }

    [Fact]
    public async Task Beyond_a_merchants_limit_its_debit_is_refused_as_busy_what_was_taken_is_posted_and_others_are_served()
    {
        await using var ledger = await LedgerHost.StartAsync();
        var other = Ids.New();
        await ledger.DepositAsync(_merchant, 1_000_000);
        await ledger.DepositAsync(other, 10);
        await using var holder = await HoldWalletAsync(ledger);

        var asked = Enumerable.Range(0, PostingEngine.MaxBatch + FairQueue<int>.MaxQueuedPerMerchant + 10)
            .Select(_ => ledger.Engine.PostAsync(NewDebit(), null, LedgerHost.Token)).ToList();
        using var refused = await ledger.SendDebitAsync(Ids.Debit(_merchant, 1));
        var others = ledger.DebitAsync(Ids.Debit(other, 1));
        await holder.DisposeAsync();
        var outcomes = await Task.WhenAll(asked);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Equal("posted", (await others).Status);
        var busy = outcomes.Count(outcome => outcome is Outcome.Busy);
        Assert.InRange(busy, 10, PostingEngine.MaxBatch + 10); // The engine had taken some as its batch before it met the lock.
        Assert.Equal(1_000_000 - (outcomes.Length - busy), await ledger.BalanceAsync(_merchant));
        await ledger.AssertBalancedAsync();
    }

    [Fact]
    public async Task A_merchant_that_queues_thousands_delays_anothers_single_debit_by_no_more_than_the_batch_under_way()
    {
        await using var ledger = await LedgerHost.StartAsync();
        var other = Ids.New();
        await ledger.DepositAsync(_merchant, 1_000_000);
        await ledger.DepositAsync(other, 10);
        await using var holder = await HoldWalletAsync(ledger);

        var many = Enumerable.Range(0, FairQueue<int>.MaxQueuedPerMerchant)
            .Select(_ => ledger.Engine.PostAsync(NewDebit(), null, LedgerHost.Token)).ToList();
        var single = ledger.Engine.PostAsync(NewDebit(other), null, LedgerHost.Token);
        await holder.DisposeAsync();
        await Task.WhenAll(many.Append(single));

        // Rows of one transaction share its xmin, and transactions are numbered as they begin to write.
        var before = await ledger.ScalarAsync<long>(
            """
            SELECT count(DISTINCT earlier.xmin::text)
            FROM ledger.transfer AS single JOIN ledger.transfer AS earlier ON earlier.xmin::text::bigint < single.xmin::text::bigint
            WHERE single.merchant_id = @other AND single.kind = 'debit' AND earlier.kind = 'debit'
            """, new { other });
        Assert.InRange(before, 0, 1);
    }

    [Fact]
    public async Task A_caller_that_leaves_takes_nobody_along_and_its_own_debit_stands()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.DepositAsync(_merchant, 1_000);
        await using var holder = await HoldWalletAsync(ledger);
        using var leaving = new CancellationTokenSource();
        var (left, stayed) = (NewDebit(), NewDebit());

        var leftTask = ledger.Engine.PostAsync(left, null, leaving.Token);
        var stayedTask = ledger.Engine.PostAsync(stayed, null, LedgerHost.Token);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leftTask);
        await holder.DisposeAsync();

        Assert.Equal(TransferStatus.Posted, Assert.IsType<Outcome.Answered>(await stayedTask).Transfer.Status);
        Assert.Equal(TransferStatus.Posted, Assert.IsType<Outcome.Answered>(
            await ledger.Engine.PostAsync(left, null, LedgerHost.Token)).Transfer.Status);
        Assert.Equal(998, await ledger.BalanceAsync(_merchant));
    }

    [Fact]
    public async Task A_stop_posts_what_was_taken_and_takes_no_more()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.DepositAsync(_merchant, 1_000);
        await using var holder = await HoldWalletAsync(ledger);
        var taken = Enumerable.Range(0, 20).Select(_ => ledger.Engine.PostAsync(NewDebit(), null, LedgerHost.Token)).ToList();

        var stopping = ledger.Engine.StopAsync(LedgerHost.Token);
        var late = await ledger.Engine.PostAsync(NewDebit(), null, LedgerHost.Token);
        await holder.DisposeAsync();
        await stopping;

        Assert.IsType<Outcome.Busy>(late);
        Assert.All(await Task.WhenAll(taken), outcome => Assert.IsType<Outcome.Answered>(outcome));
        Assert.Equal(980, await ledger.BalanceAsync(_merchant));
    }

    [Fact]
    public async Task Requests_that_queue_while_a_batch_is_stuck_are_one_batch_afterwards()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.DepositAsync(_merchant, 1_000);
        var holder = await HoldWalletAsync(ledger);
        var first = ledger.Engine.PostAsync(NewDebit(), null, LedgerHost.Token);
        var queued = Enumerable.Range(0, 300).Select(_ => ledger.Engine.PostAsync(NewDebit(), null, LedgerHost.Token)).ToList();

        await holder.DisposeAsync();
        await Task.WhenAll(queued.Prepend(first));

        // Rows of one transaction share its xmin: at most three batches, however the first was cut.
        var batches = await ledger.ScalarAsync<long>("SELECT count(DISTINCT xmin::text) FROM ledger.transfer WHERE kind = 'debit'");
        Assert.InRange(batches, 1, 3);
        Assert.Equal(699, await ledger.BalanceAsync(_merchant));
    }

    private TransferRequest.Debit NewDebit(Guid? merchant = null) => new(
        Ids.New(), new WalletKey(merchant ?? _merchant, Mode.Test), Ids.New(), Sums.TryOf(new(1), new(0), new(1))!, "Оплата", Ids.New());

    /// <summary>Holds the wallet's lock, as another replica's batch would, until disposed.</summary>
    private async Task<ServiceTransaction> HoldWalletAsync(LedgerHost ledger)
    {
        var transaction = await ledger.Database.Database.BeginAsync(LedgerHost.Token);
        await transaction.QuerySingleAsync<long>(
            "SELECT account_id FROM ledger.wallet WHERE merchant_id = @merchantId FOR UPDATE",
            new { merchantId = _merchant }, LedgerHost.Token);
        return transaction;
    }
}
