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
}
