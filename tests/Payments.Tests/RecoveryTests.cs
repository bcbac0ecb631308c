using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>
/// What a crash or a lost answer between the intent and the debit's record leaves behind, and how it is finished. A
/// broken call to Ledger stands for the crash: either way nothing after it runs.
/// </summary>
public sealed class RecoveryTests
{
    [Fact]
    public async Task An_intent_that_never_reached_ledger_is_sent_again()
    {
        await using var payments = await StartAsync();
        payments.Ledger.Before = _ => throw new HttpRequestException("Ledger is away.");
        var id = Id(await payments.CreateAsync());

        using var unknown = await payments.PostAsync($"/v1/payments/{id}/confirm", null);
        payments.Ledger.Before = null;
        await payments.RecoverAsync();

        Assert.Equal("service_unavailable", await CodeOfAsync(unknown, 503));
        Assert.Equal("confirming", await payments.StatusOfAsync(id));
        Assert.Equal(1, payments.Ledger.PostedCount);
        Assert.Equal(1, await payments.ScalarAsync<long>("SELECT count(*) FROM payments.submission"));
    }

    [Fact]
    public async Task A_debit_whose_answer_was_lost_is_found_and_gone_on_with()
    {
        await using var payments = await StartAsync();
        payments.Ledger.After = _ => throw new HttpRequestException("The answer was lost.");
        var id = Id(await payments.CreateAsync());

        using var unknown = await payments.PostAsync($"/v1/payments/{id}/confirm", null);
        payments.Ledger.After = null;
        await payments.RecoverAsync();
        var again = await payments.RecoverAsync();

        Assert.Equal(503, (int)unknown.StatusCode);
        Assert.Equal("confirming", await payments.StatusOfAsync(id));
        Assert.Equal(1, payments.Ledger.PostedCount);
        Assert.Equal(0, again);
    }

    [Fact]
    public async Task A_repeated_confirm_goes_on_with_the_same_attempt()
    {
        await using var payments = await StartAsync();
        payments.Ledger.After = _ => throw new HttpRequestException("The answer was lost.");
        var id = Id(await payments.CreateAsync());

        using var unknown = await payments.PostAsync($"/v1/payments/{id}/confirm", null, key: "k");
        payments.Ledger.After = null;
        var confirmed = await payments.ConfirmAsync(id, key: "k");

        Assert.Equal(503, (int)unknown.StatusCode);
        Assert.Equal("confirming", confirmed["status"]!.GetValue<string>());
        Assert.Equal(1, payments.Ledger.PostedCount);
        Assert.Equal(1, await payments.ScalarAsync<long>("SELECT count(*) FROM payments.attempt"));
    }

    [Fact]
    public async Task A_late_intent_that_ledger_never_saw_is_voided_and_the_payment_expires()
    {
        await using var payments = await StartAsync();
        payments.Ledger.Before = _ => throw new HttpRequestException("Ledger is away.");
        var id = Id(await payments.CreateAsync());
        using var unknown = await payments.PostAsync($"/v1/payments/{id}/confirm", null);
        await payments.EndLifeAsync(id);

        payments.Ledger.Before = null;
        await payments.RecoverAsync();

        Assert.Equal("expired", await payments.StatusOfAsync(id));
        Assert.Equal(0, payments.Ledger.PostedCount);
        Assert.Equal("voided", await payments.ScalarAsync<string>("SELECT status FROM payments.attempt"));
        Assert.Contains(payments.Ledger.Calls, call => call.EndsWith("/void", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_late_intent_that_was_debited_in_time_goes_on()
    {
        await using var payments = await StartAsync();
        payments.Ledger.After = _ => throw new HttpRequestException("The answer was lost.");
        var id = Id(await payments.CreateAsync());
        using var unknown = await payments.PostAsync($"/v1/payments/{id}/confirm", null);
        await payments.EndLifeAsync(id);

        payments.Ledger.After = null;
        await payments.RecoverAsync();

        Assert.Equal("confirming", await payments.StatusOfAsync(id));
    }

    [Fact]
    public async Task A_late_confirm_of_an_open_intent_debits_nothing_new()
    {
        await using var payments = await StartAsync();
        payments.Ledger.Before = _ => throw new HttpRequestException("Ledger is away.");
        var id = Id(await payments.CreateAsync());
        using var unknown = await payments.PostAsync($"/v1/payments/{id}/confirm", null);
        await payments.EndLifeAsync(id);

        payments.Ledger.Before = null;
        using var late = await payments.PostAsync($"/v1/payments/{id}/confirm", null);

        Assert.Equal("payment_expired", await CodeOfAsync(late, 409));
        Assert.Equal(0, payments.Ledger.PostedCount);
        Assert.Equal("expired", await payments.StatusOfAsync(id));
    }

    [Fact]
    public async Task Recovery_and_a_confirm_at_the_same_time_are_one_debit()
    {
        await using var payments = await StartAsync();
        payments.Ledger.Before = _ => throw new HttpRequestException("Ledger is away.");
        var id = Id(await payments.CreateAsync());
        using var unknown = await payments.PostAsync($"/v1/payments/{id}/confirm", null);
        payments.Ledger.Before = null;

        await Task.WhenAll(payments.RecoverAsync(), payments.ConfirmAsync(id), payments.ConfirmAsync(id));

        Assert.Equal(1, payments.Ledger.PostedCount);
        Assert.Equal(1, await payments.ScalarAsync<long>("SELECT count(*) FROM payments.submission"));
    }

    [Fact]
    public async Task A_refused_intent_leaves_the_payment_free_for_another_attempt()
    {
        await using var payments = await StartAsync();
        payments.Ledger.Balance = 0;
        payments.Ledger.After = _ => throw new HttpRequestException("The answer was lost.");
        var id = Id(await payments.CreateAsync());
        using var unknown = await payments.PostAsync($"/v1/payments/{id}/confirm", null);

        payments.Ledger.After = null;
        await payments.RecoverAsync();
        payments.Ledger.Balance = 125_000;
        await payments.ConfirmAsync(id);

        Assert.Equal(1, payments.Ledger.PostedCount);
        Assert.Equal(2, await payments.ScalarAsync<long>("SELECT count(*) FROM payments.attempt"));
    }

    [Fact]
    public async Task A_turn_that_ended_after_the_submission_was_sent_is_taken_again_with_the_same_id()
    {
        await using var payments = await StartAsync();
        var id = await payments.ConfirmedAsync();
        payments.Rail.Set(id, "completed"); // The submission arrived; the process that sent it is gone, and with it its lease.
        await payments.ClaimAsync(leaseSeconds: 0);

        await payments.TurnAsync(id);

        Assert.Equal("completed", await payments.StatusOfAsync(id));
        Assert.All(payments.Rail.Calls, call => Assert.True(call.Contains(id.ToString(), StringComparison.Ordinal) || call.EndsWith("/resolve", StringComparison.Ordinal)));
    }
}
