using System.Text.Json.Nodes;
using ArdorQr.Contracts.Events;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>Confirm: one debit whatever happens, and what is answered when there is none.</summary>
public sealed class ConfirmTests
{
    [Fact]
    public async Task One_hundred_concurrent_confirms_are_one_debit_and_all_answer_200()
    {
        await using var payments = await StartAsync();
        var id = Id(await payments.CreateAsync());

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(number =>
            payments.ConfirmAsync(id, key: number % 2 == 0 ? $"key-{number}" : null)));

        Assert.All(answers, answer => Assert.Equal("confirming", answer["status"]!.GetValue<string>()));
        Assert.Single(answers.Select(answer => answer["operationId"]!.GetValue<Guid>()).Distinct());
        Assert.Equal(1, payments.Ledger.PostedCount);
        Assert.Equal(1, await payments.ScalarAsync<long>("SELECT count(*) FROM payments.attempt"));
        await payments.Events.PublishedAsync<PaymentProcessing>(Token);
        Assert.Single(payments.Events.Published<PaymentProcessing>());
    }

    [Fact]
    public async Task Too_small_a_balance_is_402_with_its_sums_and_the_payment_may_be_confirmed_later()
    {
        await using var payments = await StartAsync();
        payments.Ledger.Balance = 100_000;
        var id = Id(await payments.CreateAsync());

        using var refused = await payments.PostAsync($"/v1/payments/{id}/confirm", null, key: "same");
        var details = JsonNode.Parse(await refused.Content.ReadAsStringAsync(Token))!["error"]!["details"]!;
        var status = await payments.StatusOfAsync(id);
        payments.Ledger.Balance = 125_000;
        var confirmed = await payments.ConfirmAsync(id, key: "same");

        Assert.Equal("insufficient_funds", await CodeOfAsync(refused, 402));
        Assert.Equal(100_000, details["balanceMinor"]!.GetValue<long>());
        Assert.Equal(125_000, details["totalMinor"]!.GetValue<long>());
        Assert.Equal(25_000, details["shortfallMinor"]!.GetValue<long>());
        Assert.Equal("resolved", status);
        Assert.Equal("confirming", confirmed["status"]!.GetValue<string>());
        Assert.Equal(0, payments.Ledger.Balance);
    }

    [Fact]
    public async Task A_shortfall_names_the_usdt_to_send_and_the_link_that_pays_it()
    {
        // So long that a machine that is busy with other tests answers in time.
        await using var payments = await StartAsync(new() { ["Payments:QuoteTimeoutMilliseconds"] = "10000" });
        payments.Ledger.Balance = 100_000;
        payments.Deposits.Answer = _ => Task.FromResult<string?>(
            """{"amount":2.748512,"rate":92.34,"rateAt":"2026-01-01T00:00:00Z","feeBps":150,"address":"0Qx","url":"ton://transfer/0Qx?jetton=k&amount=2748512"}""");
        var id = Id(await payments.CreateAsync());

        using var refused = await payments.PostAsync($"/v1/payments/{id}/confirm", null);
        var topUp = JsonNode.Parse(await refused.Content.ReadAsStringAsync(Token))!["error"]!["details"]!["topUp"]!;

        Assert.Equal("2.748512", topUp["amount"]!.ToJsonString());
        Assert.Equal("92.34", topUp["rate"]!.ToJsonString());
        Assert.Equal("ton://transfer/0Qx?jetton=k&amount=2748512", topUp["url"]!.GetValue<string>());
        Assert.Equal($"/internal/quotes/{payments.MerchantId}/test?creditMinor=25000", payments.Deposits.LastPath);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_shortfall_is_told_without_the_usdt_when_deposits_is_away_or_silent(bool isSilent)
    {
        await using var payments = await StartAsync();
        payments.Ledger.Balance = 100_000;
        var never = new TaskCompletionSource<string?>();
        payments.Deposits.Answer = _ => isSilent ? never.Task : Task.FromResult<string?>(null);
        var id = Id(await payments.CreateAsync());

        using var refused = await payments.PostAsync($"/v1/payments/{id}/confirm", null);
        var details = JsonNode.Parse(await refused.Content.ReadAsStringAsync(Token))!["error"]!["details"]!;

        Assert.Equal("""{"balanceMinor":100000,"totalMinor":125000,"shortfallMinor":25000}""", details.ToJsonString());
    }

    [Fact]
    public async Task A_second_payment_of_a_single_use_code_is_a_duplicate_of_whichever_merchant()
    {
        await using var payments = await StartAsync();
        using var other = payments.ClientOf(Guid.CreateVersion7(TimeProvider.System.GetUtcNow()));
        var first = Id(await payments.CreateAsync());
        var second = Id(await payments.CreateAsync(new { qr = $"  {Codes.Dynamic} " }, other));

        await payments.ConfirmAsync(first);
        using var whileConfirming = await payments.PostAsync($"/v1/payments/{second}/confirm", null, client: other);
        await payments.TurnAsync(first);
        using var afterCompletion = await payments.PostAsync($"/v1/payments/{second}/confirm", null, client: other);

        Assert.Equal("payment_duplicate", await CodeOfAsync(whileConfirming, 409));
        Assert.Equal("payment_duplicate", await CodeOfAsync(afterCompletion, 409));
        Assert.Equal(1, payments.Ledger.PostedCount);
    }

    [Fact]
    public async Task Twenty_payments_of_one_single_use_code_confirmed_at_once_are_one_debit()
    {
        await using var payments = await StartAsync();
        var ids = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ => Id(await payments.CreateAsync())));

        var responses = await Task.WhenAll(ids.Select(id => payments.PostAsync($"/v1/payments/{id}/confirm", null)));

        Assert.Single(responses, response => (int)response.StatusCode == 200);
        Assert.Equal(19, responses.Count(response => (int)response.StatusCode == 409));
        Assert.Equal(1, payments.Ledger.PostedCount);
        Assert.Equal(0, await payments.ScalarAsync<long>("SELECT count(*) FROM payments.attempt WHERE status = 'open'"));
    }

    [Fact]
    public async Task A_single_use_code_may_be_paid_after_a_failure()
    {
        await using var payments = await StartAsync();
        payments.Rail.Execute = _ => ("failed", "payee_bank_unavailable");
        var first = await payments.ConfirmedAsync();
        var second = Id(await payments.CreateAsync());

        await payments.TurnAsync(first);
        using var whileRefunding = await payments.PostAsync($"/v1/payments/{second}/confirm", null);
        await payments.PublishAsync(new PaymentRefunded
        {
            EventId = first,
            CreatedAt = TimeProvider.System.GetUtcNow(),
            MerchantId = payments.MerchantId,
            Mode = Contracts.Mode.Test,
            PaymentId = first,
            OperationId = first,
            TotalMinor = new Contracts.Kopecks(125000),
        });
        await payments.Events.PublishedAsync<PaymentFailed>(Token);
        var confirmed = await payments.ConfirmAsync(second);

        Assert.Equal("payment_duplicate", await CodeOfAsync(whileRefunding, 409));
        Assert.Equal("confirming", confirmed["status"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_code_for_many_payments_is_paid_many_times()
    {
        await using var payments = await StartAsync();

        await payments.ConfirmedAsync(new { qr = Codes.Static, amountMinor = 100 });
        await payments.ConfirmedAsync(new { qr = Codes.Static, amountMinor = 100 });

        Assert.Equal(2, payments.Ledger.PostedCount);
    }

    [Fact]
    public async Task An_expired_payment_is_409_and_says_expired()
    {
        await using var payments = await StartAsync();
        var id = Id(await payments.CreateAsync());
        await payments.EndLifeAsync(id);

        using var first = await payments.PostAsync($"/v1/payments/{id}/confirm", null);
        using var second = await payments.PostAsync($"/v1/payments/{id}/confirm", null);

        Assert.Equal("payment_expired", await CodeOfAsync(first, 409));
        Assert.Equal("payment_expired", await CodeOfAsync(second, 409));
        Assert.Equal("expired", await payments.StatusOfAsync(id));
        Assert.Empty(payments.Ledger.Calls);
    }

    [Fact]
    public async Task The_expiry_job_ends_what_is_late_and_leaves_an_open_intent_alone()
    {
        await using var payments = await StartAsync();
        payments.Ledger.Before = _ => throw new HttpRequestException("Ledger is away.");
        var late = Id(await payments.CreateAsync());
        var open = Id(await payments.CreateAsync(new { qr = Codes.OtherDynamic }));
        var alive = Id(await payments.CreateAsync(new { qr = Codes.Static, amountMinor = 5 }));
        using var unknown = await payments.PostAsync($"/v1/payments/{open}/confirm", null);
        await payments.EndLifeAsync(late);
        await payments.EndLifeAsync(open);

        var count = await payments.ExpireDueAsync();

        Assert.Equal("service_unavailable", await CodeOfAsync(unknown, 503));
        Assert.Equal(1, count);
        Assert.Equal("expired", await payments.StatusOfAsync(late));
        Assert.Equal("resolved", await payments.StatusOfAsync(open));
        Assert.Equal("resolved", await payments.StatusOfAsync(alive));
    }

    [Fact]
    public async Task Another_merchants_or_modes_payment_is_not_found()
    {
        await using var payments = await StartAsync();
        using var stranger = payments.ClientOf(Guid.CreateVersion7(TimeProvider.System.GetUtcNow()));
        using var live = payments.ClientOf(payments.MerchantId, Contracts.Mode.Live);
        var id = Id(await payments.CreateAsync());

        foreach (var client in new[] { stranger, live })
        {
            using var confirm = await payments.PostAsync($"/v1/payments/{id}/confirm", null, client: client);
            using var get = await client.GetAsync(new Uri($"/v1/payments/{id}", UriKind.Relative), Token);
            Assert.Equal("not_found", await CodeOfAsync(confirm, 404));
            Assert.Equal("not_found", await CodeOfAsync(get, 404));
        }

        Assert.Equal("resolved", await payments.StatusOfAsync(id));
    }

    [Theory]
    [InlineData("{\"amountMinor\":1}", 400, "validation_failed")]
    [InlineData("{", 400, "bad_json")]
    [InlineData("[]", 400, "validation_failed")]
    public async Task A_confirm_takes_an_empty_object_or_nothing(string body, int status, string code)
    {
        await using var payments = await StartAsync();
        var id = Id(await payments.CreateAsync());

        using var wrong = await payments.PostAsync($"/v1/payments/{id}/confirm", body);
        using var right = await payments.PostAsync($"/v1/payments/{id}/confirm", "{}");

        Assert.Equal(code, await CodeOfAsync(wrong, status));
        Assert.True(right.IsSuccessStatusCode);
    }
}
