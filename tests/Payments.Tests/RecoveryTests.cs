using System.Text.Json.Nodes;
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
    public async Task A_debit_found_long_after_its_intent_is_given_back_and_never_sent()
    {
        await using var payments = await StartAsync();
        payments.Ledger.After = _ => throw new HttpRequestException("The answer was lost.");
        var id = Id(await payments.CreateAsync());
        using var unknown = await payments.PostAsync($"/v1/payments/{id}/confirm", null);
        await payments.ExecuteAsOwnerAsync("UPDATE payments.attempt SET created_at = created_at - interval '3 hours'");

        payments.Ledger.After = null;
        await payments.RecoverAsync();
        await payments.TurnAsync(id);

        Assert.Equal(0, payments.Rail.CountOf("PUT"));
        Assert.Equal("refunding", await payments.ScalarAsync<string>("SELECT state FROM payments.payment"));
        Assert.Equal("cancelled", await payments.ScalarAsync<string>("SELECT last_answer FROM payments.submission"));
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

    [Fact]
    public async Task A_delayed_duplicate_of_a_refused_attempt_debits_nothing_later()
    {
        await using var payments = await StartAsync();
        payments.Ledger.Balance = 0;
        JsonObject? held = null;
        payments.Ledger.Before = async request =>
        {
            if (request.Method == HttpMethod.Post)
            {
                held = JsonNode.Parse(await request.Content!.ReadAsByteArrayAsync(Token))!.AsObject();
                throw new HttpRequestException("The network holds it back.");
            }
        };
        var id = Id(await payments.CreateAsync());
        using var unknown = await payments.PostAsync($"/v1/payments/{id}/confirm", null);

        payments.Ledger.Before = null;
        await payments.RecoverAsync(); // Sent again, and refused.
        payments.Ledger.Balance = 1_000_000;
        payments.Ledger.DeliverLate(held!);
        var afterDuplicate = payments.Ledger.Balance;
        await payments.ConfirmAsync(id);
        payments.Ledger.DeliverLate(held!);

        Assert.Equal(1_000_000, afterDuplicate);
        Assert.Equal(875_000, payments.Ledger.Balance);
        Assert.Equal(1, payments.Ledger.PostedCount);
        Assert.Equal(["refused", "posted"], (await payments.ScalarAsync<string>(
            "SELECT string_agg(status, ',' ORDER BY created_at) FROM payments.attempt")).Split(','));
    }

    [Fact]
    public async Task At_the_moment_of_expiry_a_payment_is_debited_or_expired_and_never_both()
    {
        const int count = 24;
        await using var payments = await StartAsync();
        var ids = new List<Guid>();
        for (var number = 0; number < count; number++)
        {
            ids.Add(Id(await payments.CreateAsync(new { qr = Codes.Static, amountMinor = 100 })));
        }

        await payments.ExecuteSqlAsync("UPDATE payments.payment SET version = version + 1, changed_at = clock_timestamp(), expires_at = clock_timestamp() + interval '60 milliseconds'", null);
        var confirms = ids.Select(async id =>
        {
            using var response = await payments.PostAsync($"/v1/payments/{id}/confirm", null);
            return (int)response.StatusCode;
        }).ToList();
        var answers = Task.WhenAll(confirms);
        while (!answers.IsCompleted)
        {
            await payments.ExpireDueAsync();
        }

        await payments.ExpireDueAsync();
        Assert.All(await answers, status => Assert.Contains(status, new[] { 200, 409 }));
        var confirming = await payments.ScalarAsync<long>("SELECT count(*) FROM payments.payment WHERE state = 'confirming'");
        var expired = await payments.ScalarAsync<long>("SELECT count(*) FROM payments.payment WHERE state = 'expired'");
        Assert.Equal(count, confirming + expired);
        Assert.Equal(confirming, payments.Ledger.PostedCount);
        Assert.Equal(confirming, (await answers).Count(status => status == 200));
    }
}
