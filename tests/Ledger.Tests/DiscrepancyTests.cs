using ArdorQr.Contracts.Events;
using ArdorQr.Ledger.Features;

namespace ArdorQr.Ledger.Tests;

/// <summary>What the rail did against an operator's settlement: booked once, beside the merchant's money.</summary>
public sealed class DiscrepancyTests
{
    private readonly Guid _merchant = Ids.New();

    [Theory]
    [InlineData(false, 0, 600, 394)] // Settled as completed: the rail has not paid, and the sum is ours to give back.
    [InlineData(true, 600, -600, 1_000)] // Refunded: the rail has paid, and the house bears it.
    public async Task A_contradiction_is_booked_once_whatever_comes_again(
        bool railHasPaid, long atTheRail, long discrepancy, long balance)
    {
        await using var ledger = await LedgerHost.StartAsync();
        var debit = await DebitedAsync(ledger);
        var contradicted = Contradicted(debit, railHasPaid);
        Assert.Null(await (railHasPaid ? ledger.PublishAsync(Ids.Rejected(debit)) : ledger.PublishAsync(Ids.Completed(debit))));

        Assert.Null(await ledger.PublishAsync(contradicted));
        Assert.Null(await ledger.PublishAsync(contradicted));
        Assert.Null(await ledger.PublishAsync(contradicted with { EventId = Ids.New() }));

        var answers = await ledger.AnswersAsync<DiscrepancyBooked>(3);
        Assert.Equal(debit.PaymentId, Assert.Single(answers.Distinct()).PaymentId);
        Assert.Equal(atTheRail, await ledger.HouseAsync("rail_settlement"));
        Assert.Equal(discrepancy, await ledger.HouseAsync("rail_discrepancy"));
        Assert.Equal(balance, await ledger.BalanceAsync(_merchant));
        await ledger.AssertBalancedAsync();
        Assert.All(await ledger.ReconcileAsync(), check => Assert.True(check.Value.Ok, check.ToString()));
    }

    [Fact]
    public async Task A_contradiction_may_come_before_the_settlement_that_it_contradicts()
    {
        await using var ledger = await LedgerHost.StartAsync();
        var debit = await DebitedAsync(ledger);

        Assert.Null(await ledger.PublishAsync(Contradicted(debit, railHasPaid: false)));
        Assert.Null(await ledger.PublishAsync(Ids.Completed(debit)));

        Assert.Equal(0, await ledger.HouseAsync("rail_settlement"));
        Assert.Equal(600, await ledger.HouseAsync("rail_discrepancy"));
        Assert.Equal(0, await ledger.HouseAsync("payment_clearing"));
        await ledger.AssertBalancedAsync();
    }

    [Fact]
    public async Task A_contradiction_that_fits_no_debit_or_its_closing_posts_nothing()
    {
        await using var ledger = await LedgerHost.StartAsync();
        var debit = await DebitedAsync(ledger);
        Assert.Null(await ledger.PublishAsync(Ids.Completed(debit)));
        var right = Contradicted(debit, railHasPaid: false);

        foreach (var wrong in new[]
        {
            Contradicted(debit, railHasPaid: true), // It agrees with the closing.
            right with { AmountMinor = new(601) },
            right with { DebitId = Ids.New() },
            right with { PaymentId = Ids.New() },
            right with { MerchantId = Ids.New() },
        })
        {
            Assert.IsType<EventDefectException>(await ledger.PublishAsync(wrong));
        }

        Assert.Equal(0, await ledger.HouseAsync("rail_discrepancy"));
        Assert.Null(await ledger.PublishAsync(right));
        Assert.IsType<EventDefectException>(await ledger.PublishAsync(right with { AmountMinor = new(1) }));
        Assert.Equal(600, await ledger.HouseAsync("rail_discrepancy"));
        await ledger.AssertBalancedAsync();
    }

    [Theory]
    [InlineData("UPDATE ledger.entry SET amount_kopecks = 2 * amount_kopecks WHERE transfer_id = @id")]
    [InlineData("UPDATE ledger.entry SET account_id = 204 WHERE account_id = 203 AND transfer_id = @id")]
    [InlineData("UPDATE ledger.transfer SET amount_kopecks = 1, total_kopecks = 1 WHERE transfer_id = @id")]
    [InlineData("DELETE FROM ledger.entry WHERE transfer_id = @id; DELETE FROM ledger.transfer WHERE transfer_id = @id")]
    public async Task A_booking_that_somebody_changes_or_removes_is_found(string sql)
    {
        await using var ledger = await LedgerHost.StartAsync();
        var debit = await DebitedAsync(ledger);
        Assert.Null(await ledger.PublishAsync(Ids.Completed(debit)));
        Assert.Null(await ledger.PublishAsync(Contradicted(debit, railHasPaid: false)));
        Assert.True((await ledger.ReconcileAsync())["ledger_transfers"].Ok);

        await ledger.AsOwnerAsync(sql, new { id = debit.PaymentId });

        Assert.False((await ledger.ReconcileAsync())["ledger_transfers"].Ok);
    }

    private async Task<DebitBody> DebitedAsync(LedgerHost ledger)
    {
        await ledger.DepositAsync(_merchant, 1_000);
        var debit = Ids.Debit(_merchant, 600, fee: 6);
        await ledger.DebitAsync(debit);
        return debit;
    }

    private static PaymentContradicted Contradicted(DebitBody debit, bool railHasPaid) => new()
    {
        EventId = Ids.New(),
        CreatedAt = TimeProvider.System.GetUtcNow(),
        MerchantId = debit.MerchantId,
        Mode = Contracts.Mode.Parse(debit.Mode),
        PaymentId = debit.PaymentId,
        DebitId = debit.Id,
        AmountMinor = new(debit.AmountMinor),
        RailHasPaid = railHasPaid,
    };
}
