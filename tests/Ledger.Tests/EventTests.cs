using ArdorQr.Contracts.Events;
using ArdorQr.Ledger.Features;

namespace ArdorQr.Ledger.Tests;

public sealed class EventTests
{
    private readonly Guid _merchant = Ids.New();

    [Fact]
    public async Task A_confirmed_deposit_is_posted_once_and_every_delivery_gets_the_same_answer()
    {
        await using var ledger = await LedgerHost.StartAsync();
        var deposit = Ids.Deposit(_merchant, Contracts.Mode.Test, credited: 1_141_483, fee: 17_384);

        Assert.Null(await ledger.PublishAsync(deposit));
        Assert.Null(await ledger.PublishAsync(deposit));
        Assert.Null(await ledger.PublishAsync(deposit with { EventId = Ids.New() }));

        var answers = await ledger.AnswersAsync<DepositPosted>(3);
        Assert.Single(answers.Distinct());
        var answer = answers[0];
        Assert.Equal((deposit.DepositId, deposit.MerchantId, deposit.Mode, deposit.CreditedMinor),
            (answer.DepositId, answer.MerchantId, answer.Mode, answer.CreditedMinor));
        Assert.Equal(1_141_483, await ledger.BalanceAsync(_merchant));
        Assert.Equal(-1_158_867, await ledger.HouseAsync("deposit_clearing"));
        Assert.Equal(17_384, await ledger.HouseAsync("fee_income"));
        var operation = (await ledger.GetAsync(_merchant, "/v1/operations")).GetProperty("operations")[0];
        Assert.Equal(answer.OperationId, operation.GetProperty("id").GetGuid());
        await ledger.AssertBalancedAsync();
    }

    [Fact]
    public async Task A_completed_payment_moves_its_debit_on_to_the_rail_and_the_fee_income()
    {
        await using var ledger = await LedgerHost.StartAsync();
        var debit = await DebitedAsync(ledger);
        var completed = Ids.Completed(debit);

        Assert.Null(await ledger.PublishAsync(completed));
        Assert.Null(await ledger.PublishAsync(completed));

        var answers = await ledger.AnswersAsync<PaymentSettled>(2);
        Assert.Single(answers.Distinct());
        Assert.Equal((debit.Id, debit.PaymentId), (answers[0].DebitId, answers[0].PaymentId));
        Assert.Equal(0, await ledger.HouseAsync("payment_clearing"));
        Assert.Equal(600, await ledger.HouseAsync("rail_settlement"));
        Assert.Equal(6, await ledger.HouseAsync("fee_income"));
        Assert.Equal(394, await ledger.BalanceAsync(_merchant));
        await ledger.AssertBalancedAsync();
    }

    [Fact]
    public async Task A_rejected_payment_returns_the_whole_total_once()
    {
        await using var ledger = await LedgerHost.StartAsync();
        var debit = await DebitedAsync(ledger);
        var rejected = Ids.Rejected(debit);

        Assert.Null(await ledger.PublishAsync(rejected));
        Assert.Null(await ledger.PublishAsync(rejected));
        Assert.Null(await ledger.PublishAsync(rejected with { EventId = Ids.New() }));

        var answers = await ledger.AnswersAsync<PaymentRefunded>(3);
        Assert.Single(answers.Distinct());
        Assert.Equal(606, answers[0].TotalMinor.Value);
        Assert.Equal(0, await ledger.HouseAsync("payment_clearing"));
        Assert.Equal(1_000, await ledger.BalanceAsync(_merchant));
        var operation = (await ledger.GetAsync(_merchant, "/v1/operations")).GetProperty("operations")[0];
        Assert.Equal("refund", operation.GetProperty("type").GetString());
        Assert.Equal(606, operation.GetProperty("amountMinor").GetInt64());
        Assert.Equal("Возврат по платежу", operation.GetProperty("description").GetString());
        Assert.Equal(answers[0].OperationId, operation.GetProperty("id").GetGuid());
        await ledger.AssertBalancedAsync();
    }

    [Fact]
    public async Task A_debit_is_closed_one_way_only()
    {
        await using var ledger = await LedgerHost.StartAsync();
        var (settled, refunded) = (await DebitedAsync(ledger), await DebitedAsync(ledger));
        Assert.Null(await ledger.PublishAsync(Ids.Completed(settled)));
        Assert.Null(await ledger.PublishAsync(Ids.Rejected(refunded)));

        Assert.IsType<EventDefectException>(await ledger.PublishAsync(Ids.Rejected(settled)));
        Assert.IsType<EventDefectException>(await ledger.PublishAsync(Ids.Completed(refunded)));

        Assert.Equal(394 + 1_000, await ledger.BalanceAsync(_merchant));
        Assert.Equal(600, await ledger.HouseAsync("rail_settlement"));
        await ledger.AssertBalancedAsync();
    }

    [Fact]
    public async Task An_event_that_the_books_contradict_posts_nothing_and_is_answered_by_nothing()
    {
        await using var ledger = await LedgerHost.StartAsync();
        var debit = await DebitedAsync(ledger);
        var refused = Ids.Debit(_merchant, 1_000_000);
        await ledger.DebitAsync(refused);
        var deposit = await ledger.DepositAsync(_merchant, 5);

        foreach (var completed in new[]
        {
            Ids.Completed(Ids.Debit(_merchant, 600, fee: 6)), // No such debit.
            Ids.Completed(refused),
            Ids.Completed(debit) with { AmountMinor = new(601), FeeMinor = new(5) },
            Ids.Completed(debit) with { PaymentId = Ids.New() },
            Ids.Completed(debit) with { MerchantId = Ids.New() },
            Ids.Completed(debit) with { Mode = Contracts.Mode.Live },
            Ids.Completed(debit) with { AmountMinor = new(long.MaxValue), FeeMinor = new(1) },
        })
        {
            Assert.IsType<EventDefectException>(await ledger.PublishAsync(completed));
        }

        Assert.IsType<EventDefectException>(await ledger.PublishAsync(Ids.Rejected(debit) with { TotalMinor = new(605) }));
        Assert.IsType<EventDefectException>(await ledger.PublishAsync(
            deposit with { EventId = Ids.New(), CreditedMinor = new(4), GrossMinor = new(4) }));
        Assert.IsType<EventDefectException>(await ledger.PublishAsync(
            deposit with { DepositId = Ids.New(), FeeMinor = new(-1) }));
        Assert.Equal(399, await ledger.BalanceAsync(_merchant));
        Assert.Equal(606, await ledger.HouseAsync("payment_clearing"));
        Assert.Equal(2, await ledger.ScalarAsync<long>("SELECT count(*) FROM messaging.inbox")); // The two deposits.
        await ledger.AssertBalancedAsync();
    }

    [Fact]
    public async Task A_deposit_that_would_leave_64_bits_fails_alone()
    {
        await using var ledger = await LedgerHost.StartAsync();
        await ledger.DepositAsync(_merchant, long.MaxValue - 5);

        var faults = await Task.WhenAll(
            ledger.PublishAsync(Ids.Deposit(_merchant, Contracts.Mode.Test, 6)),
            ledger.PublishAsync(Ids.Deposit(_merchant, Contracts.Mode.Test, 5)),
            ledger.PublishAsync(Ids.Deposit(Ids.New(), Contracts.Mode.Test, 7)));

        Assert.IsType<EventDefectException>(faults[0]);
        Assert.Null(faults[1]);
        Assert.Null(faults[2]);
        Assert.Equal(long.MaxValue, await ledger.BalanceAsync(_merchant));
    }

    [Fact]
    public async Task A_request_that_the_database_refuses_fails_alone()
    {
        await using var ledger = await LedgerHost.StartAsync();
        var poisoned = Ids.Deposit(_merchant, Contracts.Mode.Test, 1) with { Description = new string('я', 501) };
        var sound = Enumerable.Range(0, 10).Select(_ => Ids.Deposit(_merchant, Contracts.Mode.Test, 10)).ToList();

        var faults = await Task.WhenAll(sound.Append(poisoned).Select(ledger.PublishAsync));

        Assert.All(faults[..^1], Assert.Null);
        Assert.NotNull(faults[^1]);
        Assert.Equal(100, await ledger.BalanceAsync(_merchant));
        await ledger.AssertBalancedAsync();
    }

    private async Task<DebitBody> DebitedAsync(LedgerHost ledger)
    {
        await ledger.DepositAsync(_merchant, 1_000);
        var debit = Ids.Debit(_merchant, 600, fee: 6);
        Assert.Equal("posted", (await ledger.DebitAsync(debit)).Status);
        return debit;
    }
}
