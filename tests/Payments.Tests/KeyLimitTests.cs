using ArdorQr.Contracts;
using ArdorQr.ServiceDefaults.Identity;
using ArdorQr.Testing;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>Limits of API keys: what one payment and one day may come to.</summary>
public sealed class KeyLimitTests
{
    private static readonly Guid Budget = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    [Theory]
    [InlineData(124_999, 422)]
    [InlineData(125_000, 200)]
    public async Task A_payment_over_the_keys_maximum_is_refused_and_stays_resolved(long maximum, int status)
    {
        await using var payments = await StartAsync();
        using var client = ClientWith(payments, maximum);
        var id = Id(await payments.CreateAsync());

        using var answer = await payments.PostAsync($"/v1/payments/{id}/confirm", null, "key", client);

        Assert.Equal(status, (int)answer.StatusCode);
        if (status == 422)
        {
            Assert.Equal("limit_exceeded", await CodeOfAsync(answer, 422));
            Assert.Equal("resolved", await payments.StatusOfAsync(id));
            using var preview = await payments.PostAsync($"/v1/payments/{id}/preview", null, null, client);
            Assert.Contains("limit_exceeded", await preview.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
            // Another key may confirm it; the refusal was not kept for the Idempotency-Key.
            await payments.ConfirmAsync(id, "key");
        }
    }

    [Fact]
    public async Task Of_ten_payments_at_once_a_days_limit_lets_through_what_fits_and_no_more()
    {
        await using var payments = await StartAsync();
        payments.Ledger.Balance = 10_000_000;
        using var client = ClientWith(payments, null, 350);
        var ids = await Task.WhenAll(Enumerable.Range(0, 10).Select(async _ =>
            Id(await payments.CreateAsync(new { qr = Codes.Static, amountMinor = 100 }))));

        var answers = await Task.WhenAll(ids.Select(id => payments.PostAsync($"/v1/payments/{id}/confirm", null, null, client)));

        Assert.Equal(3, answers.Count(answer => (int)answer.StatusCode == 200));
        Assert.Equal(7, answers.Count(answer => (int)answer.StatusCode == 422));
        Assert.Equal(3, payments.Ledger.PostedCount);
        Assert.Equal(300, await ReservedAsync(payments));
        Array.ForEach(answers, answer => answer.Dispose());
    }

    [Fact]
    public async Task A_refused_debit_gives_the_day_back_and_so_does_a_refund()
    {
        await using var payments = await StartAsync();
        using var client = ClientWith(payments, null, 125_000);
        var id = Id(await payments.CreateAsync());
        payments.Ledger.Balance = 0;
        using (var poor = await payments.PostAsync($"/v1/payments/{id}/confirm", null, null, client))
        {
            Assert.Equal("insufficient_funds", await CodeOfAsync(poor, 402));
        }

        Assert.Equal(0, await ReservedAsync(payments));
        payments.Ledger.Balance = 125_000;
        await payments.ConfirmAsync(id, client: client);
        Assert.Equal(125_000, await ReservedAsync(payments));

        await payments.ExecuteSqlAsync(
            """
            UPDATE payments.payment SET state = 'refunding', failure_reason = 'rail_rejected', outcome_event_id = payment_id,
                version = version + 1, changed_at = clock_timestamp() WHERE payment_id = @id
            """, new { id });
        Assert.Equal(125_000, await ReservedAsync(payments)); // The money isn't back yet.
        await payments.ExecuteSqlAsync(
            """
            UPDATE payments.payment SET state = 'failed', failed_event_id = payment_id,
                version = version + 1, changed_at = clock_timestamp() WHERE payment_id = @id
            """, new { id });
        Assert.Equal(0, await ReservedAsync(payments));
    }

    [Fact]
    public async Task A_key_counts_against_its_issuers_limit_too_and_a_refusal_reserves_nothing()
    {
        await using var payments = await StartAsync();
        payments.Ledger.Balance = 10_000_000;
        var issuer = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());
        using var client = payments.ClientOf(TestIdentity.Caller(payments.MerchantId, Mode.Test) with
        {
            Limits = new PaymentLimits(null, [new(issuer, new(150)), new(Budget, new(1_000))]),
        });
        var statuses = new List<int>();
        for (var count = 0; count < 2; count++)
        {
            var id = Id(await payments.CreateAsync(new { qr = Codes.Static, amountMinor = 100 }));
            using var answer = await payments.PostAsync($"/v1/payments/{id}/confirm", null, null, client);
            statuses.Add((int)answer.StatusCode);
        }

        Assert.Equal([200, 422], statuses);
        Assert.Equal(100, await ReservedAsync(payments));
    }

    [Fact]
    public async Task A_day_begins_at_midnight_in_Moscow()
    {
        await using var payments = await StartAsync();
        using var client = ClientWith(payments, null, 125_000);
        await payments.ConfirmAsync(Id(await payments.CreateAsync()), client: client);

        Assert.True(await payments.ScalarAsync<bool>(
            "SELECT day = (now() AT TIME ZONE 'UTC' + interval '3 hours')::date FROM payments.key_day"));
        await payments.ExecuteSqlAsync("UPDATE payments.key_day SET day = day - 1", null); // A day goes by.
        payments.Ledger.Balance = 1_000_000;
        await payments.ConfirmAsync(Id(await payments.CreateAsync(new { qr = Codes.Static, amountMinor = 125_000 })), client: client);
    }

    private static HttpClient ClientWith(PaymentsHarness payments, long? maximum, long? daily = null) =>
        payments.ClientOf(TestIdentity.Caller(payments.MerchantId, Mode.Test) with
        {
            Limits = new PaymentLimits(
                maximum is { } max ? new Kopecks(max) : null,
                daily is { } limit ? [new DailyBudget(Budget, new Kopecks(limit))] : []),
        });

    private static Task<long> ReservedAsync(PaymentsHarness payments) => payments.ScalarAsync<long>(
        "SELECT coalesce(sum(reserved_kopecks), 0)::bigint FROM payments.key_day WHERE budget_id = @Budget", new { Budget });
}
