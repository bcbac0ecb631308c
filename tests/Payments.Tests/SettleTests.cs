using System.Net;
using System.Text.Json.Nodes;
using ArdorQr.Contracts.Events;
using ArdorQr.Payments.Tests.Fakes;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>What an operator may do to a payment without an outcome, and what the rail has to say to it.</summary>
public sealed class SettleTests
{
    [Fact]
    public async Task A_payment_in_review_is_listed_and_completed_by_hand()
    {
        await using var payments = await StartAsync();
        var id = await InReviewAsync(payments);

        var listed = Assert.Single((await ListAsync(payments)).AsArray())!;
        using var response = await SettleAsync(payments, id, "completed");
        var completed = await payments.Events.PublishedAsync<PaymentCompleted>(Token);
        using var again = await SettleAsync(payments, id, "completed");

        Assert.Equal((id, "no_outcome", payments.MerchantId), (listed["id"]!.GetValue<Guid>(), listed["reviewReason"]!.GetValue<string>(), listed["merchantId"]!.GetValue<Guid>()));
        Assert.Equal([200, 200], new[] { (int)response.StatusCode, (int)again.StatusCode });
        Assert.Equal(id, completed.PaymentId);
        Assert.Single(payments.Events.Published<PaymentCompleted>());
        Assert.Equal("completed", await payments.StatusOfAsync(id));
        Assert.Empty((await ListAsync(payments)).AsArray());
    }

    [Fact]
    public async Task A_failure_by_hand_sends_the_money_back_with_its_reason()
    {
        await using var payments = await StartAsync();
        var id = await InReviewAsync(payments);

        using var response = await SettleAsync(payments, id, "failed", "payee_rejected");
        var rejected = await payments.Events.PublishedAsync<PaymentRejected>(Token);

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal("payee_rejected", rejected.FailureReason);
    }

    [Fact]
    public async Task A_payment_that_is_not_in_review_is_not_settled()
    {
        await using var payments = await StartAsync();
        payments.Rail.Execute = _ => ("processing", null);
        var id = await payments.ConfirmedAsync();
        await payments.TurnAsync(id);

        using var early = await SettleAsync(payments, id, "completed");
        using var unknown = await SettleAsync(payments, Guid.CreateVersion7(TimeProvider.System.GetUtcNow()), "completed");

        Assert.Equal("payment_not_in_review", await CodeOfAsync(early, 409));
        Assert.Equal("not_found", await CodeOfAsync(unknown, 404));
    }

    [Theory]
    [InlineData("completed", null, "failed")]
    [InlineData("failed", "payee_rejected", "completed")]
    public async Task The_rails_final_word_wins_over_an_operator_who_says_otherwise(string rail, string? reason, string operators)
    {
        await using var payments = await StartAsync();
        var id = await InReviewAsync(payments);
        payments.Rail.Set(id, rail, reason);

        using var refused = await SettleAsync(payments, id, operators);
        await payments.TurnAsync(id);

        Assert.Equal("rail_disagrees", await CodeOfAsync(refused, 409));
        Assert.Equal(rail == "completed" ? "completed" : "refunding", await payments.ScalarAsync<string>("SELECT state FROM payments.payment"));
        Assert.Equal(0, await payments.ScalarAsync<long>("SELECT count(*) FROM payments.settlement"));
    }

    [Fact]
    public async Task Money_does_not_go_back_by_hand_while_the_rail_cannot_be_read()
    {
        await using var payments = await StartAsync();
        var id = await InReviewAsync(payments);
        payments.Rail.Answer = (_, _) => FakeRail.Json("{}", HttpStatusCode.BadGateway);

        using var refused = await SettleAsync(payments, id, "failed");

        Assert.Equal("rail_unavailable", await CodeOfAsync(refused, 503));
        Assert.Equal("confirming", await payments.ScalarAsync<string>("SELECT state FROM payments.payment"));
    }

    [Fact]
    public async Task Money_does_not_go_back_by_hand_while_the_rail_calls_our_id_a_conflict()
    {
        await using var payments = await StartAsync();
        var id = await InReviewAsync(payments);
        payments.Rail.Answer = (_, _) => FakeRail.Json("{}", HttpStatusCode.Conflict);

        using var refused = await SettleAsync(payments, id, "failed");

        Assert.Equal("rail_unavailable", await CodeOfAsync(refused, 503));
        Assert.Equal("confirming", await payments.ScalarAsync<string>("SELECT state FROM payments.payment"));
    }

    [Fact]
    public async Task An_id_that_the_rail_has_never_seen_is_made_dead_before_the_money_goes_back()
    {
        await using var payments = await StartAsync();
        payments.Rail.Lose = (method, _) => method == HttpMethod.Put;
        var id = await InReviewAsync(payments);

        using var response = await SettleAsync(payments, id, "failed");

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Contains($"POST /rail/v1/transfers/{id}/cancel", payments.Rail.Calls);
        Assert.Equal("not_executed", await payments.ScalarAsync<string>("SELECT failure_reason FROM payments.payment"));
    }

    [Fact]
    public async Task A_late_contradiction_changes_nothing_for_the_merchant_and_calls_an_operator()
    {
        await using var payments = await StartAsync();
        var id = await InReviewAsync(payments);
        using var settled = await SettleAsync(payments, id, "completed");

        await payments.TurnAsync(id); // Still asked.
        payments.Rail.Set(id, "failed", "payee_rejected");
        await payments.TurnAsync(id);
        var listed = Assert.Single((await ListAsync(payments)).AsArray())!;
        using var other = await SettleAsync(payments, id, "failed");

        Assert.Equal(200, (int)settled.StatusCode);
        Assert.Equal("completed", await payments.StatusOfAsync(id));
        Assert.Empty(payments.Events.Published<PaymentRejected>());
        Assert.Equal("rail_contradicts_settlement", listed["reviewReason"]!.GetValue<string>());
        Assert.Equal("failed: payee_rejected", await payments.ScalarAsync<string>("SELECT contradicted_by FROM payments.settlement"));
        Assert.Equal("payment_not_in_review", await CodeOfAsync(other, 409));
        Assert.Equal(0, await payments.ScalarAsync<long>("SELECT count(*) FROM payments.submission WHERE due_at IS NOT NULL"));
    }

    [Theory]
    [InlineData("completed", "failed", false)]
    [InlineData("failed", "completed", true)]
    public async Task A_contradiction_is_told_to_ledger_until_it_is_booked_and_cleared_by_an_operator(
        string outcome, string railSays, bool railHasPaid)
    {
        await using var payments = await StartAsync();
        var id = await InReviewAsync(payments);
        using var settled = await SettleAsync(payments, id, outcome);
        using var early = await ClearAsync(payments, id);
        payments.Rail.Set(id, railSays, railSays == "failed" ? "payee_rejected" : null);
        await payments.TurnAsync(id);
        var state = await payments.ScalarAsync<string>("SELECT state FROM payments.payment");

        var told = await payments.Events.PublishedAsync<PaymentContradicted>(Token);
        await payments.PublishAsync(new DiscrepancyBooked
        {
            EventId = id,
            CreatedAt = told.CreatedAt,
            MerchantId = told.MerchantId,
            Mode = told.Mode,
            PaymentId = told.PaymentId,
        });
        await payments.Events.ConsumedAsync<DiscrepancyBooked>(1, Token);
        using var cleared = await ClearAsync(payments, id);
        using var again = await ClearAsync(payments, id);

        Assert.Equal("payment_not_in_review", await CodeOfAsync(early, 409));
        Assert.Equal((id, railHasPaid, 125_000), (told.PaymentId, told.RailHasPaid, told.AmountMinor.Value));
        Assert.Equal(0, await payments.ScalarAsync<long>(
            "SELECT count(*) FROM messaging.resend WHERE answer_key LIKE 'discrepancy-booked:%'"));
        Assert.Equal((200, 200), ((int)cleared.StatusCode, (int)again.StatusCode));
        Assert.Empty((await ListAsync(payments)).AsArray());
        Assert.Equal(state, await payments.ScalarAsync<string>("SELECT state FROM payments.payment"));
        Assert.Equal("Улажено с банком", await payments.ScalarAsync<string>("SELECT cleared_reason FROM payments.settlement"));
    }

    [Fact]
    public async Task A_payment_settled_by_hand_is_never_submitted_again()
    {
        await using var payments = await StartAsync();
        payments.Rail.Lose = (method, _) => method == HttpMethod.Put;
        var id = await InReviewAsync(payments);
        using var settled = await SettleAsync(payments, id, "completed");
        var before = payments.Rail.CountOf("PUT");

        await payments.TurnAsync(id);

        Assert.Equal(before, payments.Rail.CountOf("PUT"));
        Assert.Equal("cancelled", await payments.ScalarAsync<string>("SELECT contradicted_by FROM payments.settlement"));
    }

    [Fact]
    public async Task A_payment_in_the_hands_of_an_executor_is_left_to_it()
    {
        await using var payments = await StartAsync();
        var id = await InReviewAsync(payments);
        await payments.ExecuteSqlAsync("UPDATE payments.submission SET leased_until = clock_timestamp() + interval '1 minute'", null);

        using var busy = await SettleAsync(payments, id, "completed");

        Assert.Equal("payment_busy", await CodeOfAsync(busy, 409));
    }

    [Theory]
    [InlineData("""{"outcome":"paid","reason":"x"}""")]
    [InlineData("""{"outcome":"completed","reason":" "}""")]
    [InlineData("""{"outcome":"completed"}""")]
    [InlineData("""{"outcome":"completed","reason":"x","failureReason":"payee_rejected"}""")]
    [InlineData("""{"outcome":"failed","reason":"x","failureReason":"because"}""")]
    public async Task A_settlement_that_says_nothing_clear_is_400(string body)
    {
        await using var payments = await StartAsync();
        using var client = payments.ServiceClient("gateway", "payments:operate");

        using var response = await payments.PostAsync($"/internal/payments/{payments.MerchantId}/settle", body, client: client);

        Assert.Equal("validation_failed", await CodeOfAsync(response, 400));
    }

    private static async Task<Guid> InReviewAsync(PaymentsHarness payments)
    {
        payments.Rail.Execute = _ => ("processing", null);
        var id = await payments.ConfirmedAsync();
        await payments.ExecuteSqlAsync("UPDATE payments.submission SET review_after = clock_timestamp()", null);
        await payments.TurnAsync(id);
        return id;
    }

    private static async Task<HttpResponseMessage> SettleAsync(PaymentsHarness payments, Guid id, string outcome, string? failureReason = null)
    {
        using var client = payments.ServiceClient("gateway", "payments:operate");
        return await payments.PostAsync($"/internal/payments/{id}/settle", new { outcome, reason = "Банк ответил письмом", failureReason }, client: client);
    }

    private static async Task<HttpResponseMessage> ClearAsync(PaymentsHarness payments, Guid id)
    {
        using var client = payments.ServiceClient("gateway", "payments:operate");
        return await payments.PostAsync($"/internal/payments/{id}/clear", new { reason = "Улажено с банком" }, client: client);
    }

    private static async Task<JsonNode> ListAsync(PaymentsHarness payments)
    {
        using var client = payments.ServiceClient("gateway", "payments:operate");
        return JsonNode.Parse(await client.GetStringAsync(new Uri("/internal/payments?limit=10", UriKind.Relative), Token))!["payments"]!;
    }
}
