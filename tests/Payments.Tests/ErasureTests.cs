using System.Text.Json;
using ArdorQr.Payments.Features;
using Microsoft.Extensions.DependencyInjection;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>Code and payee are kept for as long as the settings say, the books for ever.</summary>
public sealed class ErasureTests
{
    private const string Kept = "SELECT count(*) FROM payments.payment WHERE erased_at IS NULL";

    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public async Task Code_and_payee_of_a_payment_that_ended_long_ago_are_erased_and_the_books_stay(string seals)
    {
        await using var payments = await StartAsync(new() { ["Payments:SealsRows"] = seals });
        var id = await payments.ConfirmedAsync();
        await payments.TurnAsync(id);
        var before = await payments.GetAsync(id);
        await AgeAsync(payments, days: 179);
        Assert.Equal(0, await EraseAsync(payments));

        await AgeAsync(payments, days: 2);
        Assert.Equal(1, await EraseAsync(payments));
        Assert.Equal(0, await EraseAsync(payments));

        var after = await payments.GetAsync(id);
        Assert.True(after.ContainsKey("merchantName"));
        Assert.Null(after["merchantName"]);
        Assert.Null(after["merchantBank"]);
        foreach (var field in before.Where(field => field.Key is not ("merchantName" or "merchantBank" or "timeline")))
        {
            Assert.Equal(field.Value?.ToJsonString(), after[field.Key]?.ToJsonString());
        }

        const string leftSql =
            """
            SELECT num_nonnulls(payee_name, payee_bank, payee_inn, qr_text, qr_canonical, single_use_key, sealed, qr_lookup)
            FROM payments.payment
            """;
        Assert.Equal(0, await payments.ScalarAsync<int>(leftSql));
        Assert.Contains(id.ToString(), await ListAsync(payments), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_code_that_was_paid_is_not_paid_again_after_it_was_erased()
    {
        await using var payments = await StartAsync();
        await payments.TurnAsync(await payments.ConfirmedAsync());
        await AgeAsync(payments, days: 181);
        Assert.Equal(1, await EraseAsync(payments));

        var second = Id(await payments.CreateAsync());
        using var refused = await payments.PostAsync($"/v1/payments/{second}/confirm", null);

        Assert.Equal("payment_duplicate", await CodeOfAsync(refused, 409));
    }

    [Fact]
    public async Task A_payment_that_was_never_confirmed_is_erased_much_sooner()
    {
        await using var payments = await StartAsync();
        var id = Id(await payments.CreateAsync());
        await payments.EndLifeAsync(id);
        Assert.Equal(1, await payments.ExpireDueAsync());
        await AgeAsync(payments, days: 6);
        Assert.Equal(0, await EraseAsync(payments));

        await AgeAsync(payments, days: 2);

        Assert.Equal(1, await EraseAsync(payments));
        Assert.Equal("expired", await payments.StatusOfAsync(id));
    }

    [Fact]
    public async Task What_is_open_or_waits_for_an_operator_is_not_erased()
    {
        await using var payments = await StartAsync();
        await payments.CreateAsync(new { qr = Codes.Static, amountMinor = 100 });
        var contradicted = await payments.ConfirmedAsync();
        await payments.TurnAsync(contradicted);
        await payments.ConfirmedAsync(new { qr = Codes.OtherDynamic });
        await payments.ExecuteAsOwnerAsync(
            "ALTER TABLE payments.payment DISABLE TRIGGER guard_payment; " +
            $"UPDATE payments.payment SET review = true, review_reason = 'contradicted' WHERE payment_id = '{contradicted}'; " +
            "ALTER TABLE payments.payment ENABLE TRIGGER guard_payment;");
        await AgeAsync(payments, days: 1_000);

        Assert.Equal(0, await EraseAsync(payments));
        Assert.Equal(3, await payments.ScalarAsync<long>(Kept));
    }

    [Fact]
    public async Task Reconciliation_takes_no_notice_of_what_was_erased()
    {
        await using var payments = await StartAsync();
        var id = await payments.ConfirmedAsync();
        await payments.TurnAsync(id);
        await AgeAsync(payments, days: 181);
        var aged = await BooksAsync(payments);

        Assert.Equal(1, await EraseAsync(payments));

        Assert.Contains(id.ToString(), aged, StringComparison.Ordinal);
        Assert.Equal(aged, await BooksAsync(payments));
        using var client = payments.ServiceClient("gateway", GetReconciliation.Scope);
        var checks = JsonDocument.Parse(await client.GetStringAsync(new Uri("/internal/reconciliation", UriKind.Relative), Token))
            .RootElement.GetProperty("checks");
        Assert.True(checks.EnumerateArray().Single(
            check => check.GetProperty("name").GetString() == "payments_attempts_kopecks").GetProperty("ok").GetBoolean());
    }

    private static Task<int> EraseAsync(PaymentsHarness payments) =>
        payments.Services.GetRequiredService<ErasePayees>().EraseAsync(Token);

    private static Task<string> ListAsync(PaymentsHarness payments) =>
        payments.Client.GetStringAsync(new Uri("/v1/payments?limit=10", UriKind.Relative), Token);

    private static async Task<string> BooksAsync(PaymentsHarness payments)
    {
        using var client = payments.ServiceClient("gateway", GetReconciliation.Scope);
        using var response = await client.PostAsync(
            new Uri("/internal/books/payments/find", UriKind.Relative),
            System.Net.Http.Json.JsonContent.Create(new
            {
                values = new[] { await payments.ScalarAsync<Guid>("SELECT payment_id FROM payments.payment LIMIT 1") },
            }), Token);
        Assert.Equal(200, (int)response.StatusCode);
        return await response.Content.ReadAsStringAsync(Token);
    }

    /// <summary>As if so many days had gone by since all payments' last changes.</summary>
    private static Task AgeAsync(PaymentsHarness payments, int days) => payments.ExecuteAsOwnerAsync(
        "ALTER TABLE payments.payment DISABLE TRIGGER guard_payment; " +
        $"UPDATE payments.payment SET changed_at = changed_at - interval '{days} days'; " +
        "ALTER TABLE payments.payment ENABLE TRIGGER guard_payment;");
}
