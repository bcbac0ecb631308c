using System.Net;
using ArdorQr.Ledger.Database;
using ArdorQr.Ledger.Features;
using Microsoft.Extensions.DependencyInjection;

namespace ArdorQr.Ledger.Tests;

/// <summary>The auditor on sound books, on books that were changed before it came, and what it costs.</summary>
public sealed class AuditTests
{
    private const string Wallet = "(SELECT account_id FROM ledger.wallet WHERE merchant_id = @merchant AND mode = 'test')";

    /// <summary>Of the fourth operation: a debit that was settled.</summary>
    private const string TransferAt =
        $"(SELECT transfer_id FROM ledger.entry WHERE account_id = {Wallet} AND sequence = 4)";

    private readonly Guid _merchant = Ids.New();

    [Fact]
    public async Task Sound_books_pass_and_the_clearing_accounts_hold_what_is_open()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.FillAsync(_merchant);

        var report = await ledger.ReconcileAsync();

        Assert.All(report, check => Assert.True(check.Value.Ok, check.ToString()));
        Assert.Equal(
            ["ledger_audited", "ledger_balances", "ledger_chains", "ledger_checkpoints", "ledger_deposit_clearing_live",
                "ledger_deposit_clearing_test", "ledger_payment_clearing_live", "ledger_payment_clearing_test",
                "ledger_sum_live", "ledger_sum_test", "ledger_transfers"],
            report.Keys.Order());
        Assert.Equal(await ledger.HouseAsync("payment_clearing"), report["ledger_payment_clearing_test"].Actual);
        Assert.Equal(4 + 5, report["ledger_payment_clearing_test"].Expected); // Three of five are closed.
        Assert.Equal(-10_010, report["ledger_deposit_clearing_test"].Expected);
        Assert.Equal(-70, report["ledger_deposit_clearing_live"].Actual);
    }

    [Theory]
    [InlineData("ledger_chains", $"UPDATE ledger.entry SET amount_kopecks = amount_kopecks - 1 WHERE account_id = {Wallet} AND sequence = 3")]
    [InlineData("ledger_sum_test", $"UPDATE ledger.entry SET amount_kopecks = amount_kopecks - 1 WHERE account_id = {Wallet} AND sequence = 3")]
    [InlineData("ledger_payment_clearing_test", $"DELETE FROM ledger.entry WHERE account_id < 1000 AND transfer_id = {TransferAt}")]
    [InlineData("ledger_deposit_clearing_test", "UPDATE ledger.entry SET amount_kopecks = amount_kopecks - 1 WHERE account_id = 201")]
    [InlineData("ledger_balances", "UPDATE ledger.wallet SET balance_kopecks = balance_kopecks + 1 WHERE merchant_id = @merchant AND mode = 'test'")]
    public async Task What_was_changed_before_the_auditor_came_is_found(string check, string sql)
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.FillAsync(_merchant);

        await ledger.AsOwnerAsync(sql, new { merchant = _merchant });

        Assert.False((await ledger.ReconcileAsync())[check].Ok);
    }

    [Fact]
    public async Task A_fault_is_told_until_the_books_are_right_again()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.FillAsync(_merchant);
        const string spoilSql = "UPDATE ledger.wallet SET balance_kopecks = balance_kopecks + 1 WHERE merchant_id = @merchant AND mode = 'test'";
        await ledger.AsOwnerAsync(spoilSql, new { merchant = _merchant });

        Assert.False((await ledger.ReconcileAsync())["ledger_balances"].Ok);
        Assert.False((await ledger.ReconcileAsync())["ledger_balances"].Ok);
        await ledger.AsOwnerAsync(spoilSql.Replace("+", "-", StringComparison.Ordinal), new { merchant = _merchant });

        await ledger.ReconcileAsync();
        Assert.All(await ledger.ReconcileAsync(), check => Assert.True(check.Value.Ok, check.ToString()));
        await ledger.HealthOfBooksAsync("Healthy");
    }

    [Fact]
    public async Task An_entry_is_audited_once_as_new_and_a_run_reads_no_more_of_the_history_than_its_share()
    {
        await using var ledger = await LedgerHost.StartAsync(new() { ["Ledger:Audit:HistoryRowsPerRun"] = "1" });
        await ledger.FillAsync(_merchant);
        await ledger.ReconcileAsync();
        Assert.Equal(0, await ledger.ScalarAsync<long>("SELECT count(*) FROM ledger.unaudited"));
        await ledger.DebitAsync(Ids.Debit(_merchant, 1));
        Assert.Equal(1, await ledger.ScalarAsync<long>("SELECT count(*) FROM ledger.unaudited"));

        var read = await RowsOfNextStepAsync(ledger);

        Assert.Equal(1, read);
        Assert.Equal(0, await RowsOfNextStepAsync(ledger));
    }

    [Fact]
    public async Task Two_replicas_that_audit_under_load_count_nothing_twice_and_find_nothing()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await using var replica = ledger.StartReplica();
        var merchants = Enumerable.Range(0, 5).Select(_ => Ids.New()).ToList();
        foreach (var merchant in merchants)
        {
            await ledger.DepositAsync(merchant, 1_000);
        }

        var load = Task.WhenAll(Enumerable.Range(0, 300).Select(number =>
            (number % 2 == 0 ? ledger : replica).DebitAsync(Ids.Debit(merchants[number % 5], 3))));
        while (!load.IsCompleted)
        {
            var reports = await Task.WhenAll(Auditor(ledger).RunAsync(TimeSpan.Zero, LedgerHost.Token),
                Auditor(replica).RunAsync(TimeSpan.FromSeconds(30), LedgerHost.Token));
            Assert.All(reports.SelectMany(report => report.Checks), check => Assert.True(check.Ok, check.ToString()));
        }

        await load;
        var report = await ledger.ReconcileAsync();
        Assert.All(report, check => Assert.True(check.Value.Ok, check.ToString()));
        Assert.Equal(900, report["ledger_payment_clearing_test"].Expected);
        Assert.Equal(await ledger.HouseAsync("payment_clearing"), report["ledger_payment_clearing_test"].Actual);
    }

    [Fact]
    public async Task A_chain_longer_than_a_page_is_read_again_to_its_end()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.DepositAsync(_merchant, 100_000);
        await ledger.DepositAsync(Ids.New(), 5);
        for (var number = 0; number < 6; number++)
        {
            await Task.WhenAll(Enumerable.Range(0, 900).Select(_ => ledger.DebitAsync(Ids.Debit(_merchant, 1))));
        }

        await ledger.ReconcileAsync();
        await ledger.AsOwnerAsync(
            $"UPDATE ledger.entry SET previous_hash = hash WHERE account_id = {Wallet} AND sequence = 5300", new { merchant = _merchant });
        var report = await ledger.ReconcileAsync();

        Assert.Contains("operation 5300 doesn't continue the one before", report["ledger_chains"].Details, StringComparison.Ordinal);
        Assert.True(report["ledger_balances"].Ok, report["ledger_balances"].Details);
    }

    [Fact]
    public async Task Only_its_own_scope_reconciles_and_the_service_cannot_rewrite_what_was_settled()
    {
        await using var ledger = await LedgerHost.StartAsync();

        using var response = await ledger.Payments.GetAsync(new Uri("/internal/reconciliation", UriKind.Relative), LedgerHost.Token);
        var refused = await Assert.ThrowsAsync<Npgsql.PostgresException>(
            () => ledger.ScalarAsync<object>("DELETE FROM ledger.audited_settlement"));

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal("42501", refused.SqlState);
    }

    private static AuditBooks Auditor(LedgerHost ledger) => ledger.Factory.Services.GetRequiredService<AuditBooks>();

    private static async Task<int> RowsOfNextStepAsync(LedgerHost ledger) =>
        (await AuditStep.RunAsync(ledger.Database.Database, TimeSpan.FromSeconds(30), NewEntriesAudit.StepAsync, LedgerHost.Token))!.Value.Rows;
}
