using System.Net;
using ArdorQr.Contracts.Events;
using ArdorQr.Payments.Features;
using ArdorQr.Payments.Tests.Fakes;
using Microsoft.Extensions.DependencyInjection;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>What each answer of the rail does to a debited payment. Each turn is taken by hand.</summary>
public sealed class ExecutionTests
{
    private const string GetState = "SELECT state FROM payments.payment WHERE payment_id = @id";

    [Theory]
    [InlineData("payee_rejected")]
    [InlineData("payee_account_invalid")]
    [InlineData("compliance_declined")]
    [InlineData("payee_bank_unavailable")]
    [InlineData("limit_exceeded")]
    [InlineData("rail_rejected")]
    [InlineData("qr_expired")]
    [InlineData("qr_already_paid")]
    public async Task A_refusal_with_a_known_reason_returns_the_money(string reason)
    {
        await using var payments = await StartAsync();
        payments.Rail.Execute = _ => ("failed", reason);

        var id = await payments.ConfirmedAsync();
        await payments.TurnAsync(id);
        var rejected = await payments.Events.PublishedAsync<PaymentRejected>(Token);

        Assert.Equal(reason, rejected.FailureReason);
        Assert.Equal(125000, rejected.TotalMinor.Value);
        Assert.Equal("refunding", await payments.ScalarAsync<string>(GetState, new { id }));
        Assert.Equal("confirming", await payments.StatusOfAsync(id));
    }

    [Theory]
    [InlineData("""{"status":"failed","reason":"because"}""", 200)]
    [InlineData("""{"status":"failed"}""", 200)]
    [InlineData("""{"status":"paid"}""", 200)]
    [InlineData("""{"status":"COMPLETED"}""", 200)]
    [InlineData("""{"status":"completed","status":"failed"}""", 200)]
    [InlineData("""{"status":"completed","id":"01890000-0000-7000-8000-000000000000"}""", 200)]
    [InlineData("""{"status":"compl""", 200)]
    [InlineData("""[]""", 200)]
    [InlineData("""<html>completed</html>""", 200)]
    [InlineData("""{"status":"completed"}""", 500)]
    [InlineData("""{"status":"failed","reason":"payee_rejected"}""", 503)]
    [InlineData("""{"status":"failed","reason":"payee_rejected"}""", 400)]
    [InlineData("""{"status":"cancelled"}""", 302)]
    public async Task An_answer_that_cannot_be_read_moves_nothing_and_the_rail_is_asked_again(string body, int status)
    {
        await using var payments = await StartAsync();
        payments.Rail.Answer = (method, _) => method == HttpMethod.Put ? FakeRail.Json(body, (HttpStatusCode)status) : null;

        var id = await payments.ConfirmedAsync();
        await payments.TurnAsync(id);
        var after = await payments.ScalarAsync<string>(GetState, new { id });
        await payments.TurnAsync(id);

        Assert.Equal("confirming", after);
        Assert.Equal("completed", await payments.StatusOfAsync(id));
        Assert.Equal(1, payments.Rail.CountOf("PUT"));
    }

    [Fact]
    public async Task A_lost_answer_is_asked_for_by_our_id()
    {
        await using var payments = await StartAsync();
        payments.Rail.Answer = (method, _) => method == HttpMethod.Put ? throw new HttpRequestException("The answer was lost.") : null;

        var id = await payments.ConfirmedAsync();
        await payments.TurnAsync(id);
        await payments.TurnAsync(id);

        Assert.Equal("completed", await payments.StatusOfAsync(id));
        Assert.Equal(1, payments.Rail.CountOf("PUT"));
        Assert.Contains($"GET /rail/v1/transfers/{id}", payments.Rail.Calls);
    }

    [Fact]
    public async Task An_id_that_never_arrived_is_submitted_again_before_the_cut_off_with_the_same_body()
    {
        await using var payments = await StartAsync();
        payments.Rail.Lose = (method, _) => method == HttpMethod.Put && payments.Rail.CountOf("PUT") == 1;

        var id = await payments.ConfirmedAsync();
        await payments.TurnAsync(id);
        await payments.TurnAsync(id);

        Assert.Equal("completed", await payments.StatusOfAsync(id));
        Assert.Equal(2, payments.Rail.CountOf("PUT"));
        Assert.Equal(0, payments.Rail.Calls.Count(call => call.EndsWith("/cancel", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_id_that_never_arrived_is_cancelled_after_the_cut_off_and_the_money_goes_back()
    {
        await using var payments = await StartAsync();
        payments.Rail.Lose = (method, _) => method == HttpMethod.Put;

        var id = await payments.ConfirmedAsync();
        await payments.TurnAsync(id);
        await payments.PassCutOffAsync(id);
        await payments.TurnAsync(id);
        var rejected = await payments.Events.PublishedAsync<PaymentRejected>(Token);

        Assert.Equal("not_executed", rejected.FailureReason);
        Assert.Equal(1, payments.Rail.CountOf("PUT"));
    }

    [Fact]
    public async Task A_cancellation_that_finds_the_transfer_executed_completes_it()
    {
        await using var payments = await StartAsync();
        payments.Rail.Lose = (method, _) => method == HttpMethod.Put;
        payments.Rail.Answer = (method, path) =>
        {
            if (method == HttpMethod.Get)
            {
                payments.Rail.Set(Guid.Parse(path.Split('/')[^1]), "completed"); // Arrives between the question and the cancellation.
            }

            return null;
        };

        var id = await payments.ConfirmedAsync();
        await payments.TurnAsync(id);
        await payments.PassCutOffAsync(id);
        await payments.TurnAsync(id);

        Assert.Equal("completed", await payments.StatusOfAsync(id));
    }

    [Fact]
    public async Task A_404_or_a_timeout_alone_never_returns_money()
    {
        await using var payments = await StartAsync();
        payments.Rail.Lose = (method, path) => method == HttpMethod.Put || path.EndsWith("/cancel", StringComparison.Ordinal);

        var id = await payments.ConfirmedAsync();
        await payments.PassCutOffAsync(id);
        for (var turn = 0; turn < 4; turn++)
        {
            await payments.TurnAsync(id);
        }

        Assert.Equal("confirming", await payments.ScalarAsync<string>(GetState, new { id }));
        Assert.Equal(0, payments.Rail.CountOf("PUT"));
        Assert.Empty(payments.Events.Published<PaymentRejected>());
    }

    [Fact]
    public async Task A_payment_without_an_outcome_goes_to_review_past_its_time_and_is_still_asked()
    {
        await using var payments = await StartAsync();
        payments.Rail.Execute = _ => ("processing", null);

        var id = await payments.ConfirmedAsync();
        await payments.TurnAsync(id);
        var early = await payments.ScalarAsync<bool>("SELECT review FROM payments.payment WHERE payment_id = @id", new { id });
        await payments.ExecuteSqlAsync("UPDATE payments.submission SET review_after = clock_timestamp() WHERE payment_id = @id", new { id });
        await payments.TurnAsync(id);
        var late = await payments.ScalarAsync<bool>("SELECT review FROM payments.payment WHERE payment_id = @id", new { id });
        var status = await payments.StatusOfAsync(id);
        payments.Rail.Set(id, "completed");
        await payments.TurnAsync(id);

        Assert.False(early);
        Assert.True(late);
        Assert.Equal("confirming", status);
        Assert.Equal("completed", await payments.StatusOfAsync(id));
        Assert.False(await payments.ScalarAsync<bool>("SELECT review FROM payments.payment WHERE payment_id = @id", new { id }));
    }

    [Fact]
    public async Task A_conflict_on_our_own_id_goes_to_review_at_once()
    {
        await using var payments = await StartAsync();
        payments.Rail.Answer = (method, _) => method == HttpMethod.Put ? FakeRail.Json("{}", HttpStatusCode.Conflict) : null;

        var id = await payments.ConfirmedAsync();
        await payments.TurnAsync(id);

        Assert.Equal("rail_conflict", await payments.ScalarAsync<string>("SELECT review_reason FROM payments.payment WHERE payment_id = @id", new { id }));
        Assert.Equal("confirming", await payments.StatusOfAsync(id));
    }

    [Fact]
    public async Task A_holder_whose_lease_was_taken_over_changes_nothing()
    {
        await using var payments = await StartAsync();
        var turn = payments.Services.GetRequiredService<ExecutePayment>();
        var id = await payments.ConfirmedAsync();

        var paused = await payments.ClaimAsync(leaseSeconds: 0);
        payments.Rail.Execute = _ => ("processing", null);
        var current = await payments.ClaimAsync();
        await turn.RunAsync(current, Token);
        payments.Rail.Set(id, "failed", "payee_rejected");
        await turn.RunAsync(paused, Token);

        Assert.True(current.LeaseEpoch > paused.LeaseEpoch);
        Assert.Equal("confirming", await payments.ScalarAsync<string>(GetState, new { id }));
        Assert.Equal(1, await payments.ScalarAsync<int>("SELECT tries FROM payments.submission WHERE payment_id = @id", new { id }));
    }

    [Fact]
    public async Task Two_executors_do_not_hold_one_payment()
    {
        await using var payments = await StartAsync();
        await payments.ConfirmedAsync();

        await payments.ClaimAsync();
        await using var connection = await payments.Database.OpenAsync(Token);

        Assert.Empty(await Database.SubmissionTable.ClaimAsync(connection, 10, 60, [], Token));
    }

    [Fact]
    public async Task A_merchant_whose_payments_all_hang_does_not_keep_others_waiting()
    {
        var hang = new TaskCompletionSource();
        await using var payments = await StartAsync(
            new() { ["Payments:Rails:Test:TimeoutSeconds"] = "60" }, runJobs: true,
            before: harness => harness.Rail.Before = body =>
                body?["amountMinor"]?.GetValue<long>() == 7 ? hang.Task : Task.CompletedTask);
        using var other = payments.ClientOf(Guid.CreateVersion7(TimeProvider.System.GetUtcNow()));
        for (var number = 0; number < 40; number++) // More than there are turns.
        {
            await payments.ConfirmedAsync(new { qr = Codes.Static, amountMinor = 7 });
        }

        var id = Id(await payments.CreateAsync(new { qr = Codes.Static, amountMinor = 8 }, other));
        await payments.ConfirmAsync(id, client: other);
        var completed = await payments.Events.PublishedAsync<PaymentCompleted>(Token);
        var turns = payments.Rail.CountOf("PUT");
        hang.SetResult();

        Assert.Equal(id, completed.PaymentId);
        Assert.InRange(turns, 1, 9); // Eight that hang, and the other merchant's.
    }

    [Fact]
    public async Task A_rail_of_the_wrong_world_is_told_nothing()
    {
        await using var payments = await StartAsync(before: harness => harness.Rail.Environment = "production");

        using var response = await payments.PostAsync("/v1/payments", new { qr = Codes.Dynamic });

        Assert.Equal("rail_unavailable", await CodeOfAsync(response, 503));
        Assert.Empty(payments.Rail.Calls);
    }

    [Fact]
    public async Task The_rail_gets_the_canonical_code_the_payee_and_the_cut_off()
    {
        await using var payments = await StartAsync();

        var id = await payments.ConfirmedAsync(new { qr = "  bank100000000111://qr.nspk.ru/AD10002028TVASRF4039SI1MG44GASKE?type=02&bank=100000000111&sum=125000&cur=RUB&crc=CF57 " });
        await payments.TurnAsync(id);
        var sent = payments.Rail.LastSubmission!;

        Assert.Equal(Codes.Dynamic, sent["qr"]!.GetValue<string>());
        Assert.Equal("dynamic", sent["kind"]!.GetValue<string>());
        Assert.Equal("ООО Ромашка", sent["payee"]!["name"]!.GetValue<string>());
        Assert.Equal(125000, sent["amountMinor"]!.GetValue<long>());
        Assert.Equal("RUB", sent["currency"]!.GetValue<string>());
        Assert.True(sent["notAfter"]!.GetValue<DateTimeOffset>() > TimeProvider.System.GetUtcNow().AddMinutes(14));
        Assert.Contains($"PUT /rail/v1/transfers/{id}", payments.Rail.Calls);
    }

    [Fact]
    public async Task A_rail_that_hangs_is_left_alone_for_a_while_and_its_resolves_go_on()
    {
        var never = new TaskCompletionSource();
        await using var payments = await StartAsync(new()
        {
            ["Payments:Rails:Test:TimeoutSeconds"] = "1",
            ["Payments:Rails:Test:BreakSeconds"] = "60",
        });
        var id = await payments.ConfirmedAsync(new { qr = Codes.Static, amountMinor = 7 });
        payments.Rail.Before = body => body is null || body.ContainsKey("payee") ? never.Task : Task.CompletedTask; // All but resolve.
        var rail = payments.Services.GetRequiredService<Clients.Rails>().Of(Contracts.Mode.Test)!;

        var answers = await Task.WhenAll(Enumerable.Range(0, 25).Select(_ => rail.AskAsync(id, Token)));
        var called = payments.Rail.CountOf("GET");
        var open = await rail.AskAsync(id, Token);
        var resolved = await rail.ResolveAsync(Codes.Dynamic, Token);

        Assert.All(answers, answer => Assert.Equal("unknown: no answer in time", answer.Summary));
        Assert.Equal("unknown: not asked: the rail has failed too often", open.Summary);
        Assert.Equal(called, payments.Rail.CountOf("GET"));
        Assert.IsType<Clients.ResolveAnswer.Payable>(resolved);
    }

    [Fact]
    public async Task Resolves_that_hang_are_503_in_time_and_then_at_once()
    {
        var never = new TaskCompletionSource();
        await using var payments = await StartAsync(new()
        {
            ["Payments:Rails:Test:TimeoutSeconds"] = "1",
            ["Payments:Rails:Test:BreakSeconds"] = "60",
        });
        await payments.CreateAsync(); // The environment is known.
        payments.Rail.Before = _ => never.Task;

        var answers = await Task.WhenAll(Enumerable.Range(0, 25).Select(_ => payments.PostAsync("/v1/payments", new { qr = Codes.Dynamic })));
        var called = payments.Rail.CountOf("POST");
        using var open = await payments.PostAsync("/v1/payments", new { qr = Codes.Dynamic });

        foreach (var answer in answers)
        {
            Assert.Equal("rail_unavailable", await CodeOfAsync(answer, 503));
            answer.Dispose();
        }

        Assert.Equal("rail_unavailable", await CodeOfAsync(open, 503));
        Assert.Equal(called, payments.Rail.CountOf("POST"));
    }

    [Fact]
    public async Task The_rail_is_asked_by_the_schedule_of_the_contract()
    {
        await using var payments = await StartAsync();
        payments.Rail.Execute = _ => ("processing", null);
        var id = await payments.ConfirmedAsync();
        var waits = new List<double>();

        for (var turn = 0; turn < 8; turn++)
        {
            await payments.TurnAsync(id);
            waits.Add(await payments.ScalarAsync<double>(
                "SELECT extract(epoch FROM due_at - leased_until)::float8 FROM payments.submission WHERE payment_id = @id", new { id }));
        }

        Assert.Equal([1, 2, 5, 15, 30, 60, 60, 60], waits.Select(wait => Math.Round(wait)));
    }
}
