using System.Text.Json.Nodes;
using static ArdorQr.Payments.Tests.PaymentsHarness;

namespace ArdorQr.Payments.Tests;

/// <summary>POST /v1/payments/{id}/preview: what a confirm would do, changing nothing.</summary>
public sealed class PreviewTests
{
    [Fact]
    public async Task A_preview_says_what_a_confirm_would_do_and_changes_nothing()
    {
        await using var payments = await StartAsync();
        payments.Ledger.Balance = 200_000;
        var id = Id(await payments.CreateAsync());
        var version = await payments.ScalarAsync<long>("SELECT version FROM payments.payment WHERE payment_id = @id", new { id });

        var rich = await PreviewAsync(payments, id);
        payments.Ledger.Balance = 100_000;
        var poor = await PreviewAsync(payments, id);

        Assert.True(rich["payable"]!.GetValue<bool>());
        Assert.Equal(75_000, rich["balanceAfterMinor"]!.GetValue<long>());
        Assert.Empty(rich["reasons"]!.AsArray());
        Assert.False(poor["payable"]!.GetValue<bool>());
        Assert.Equal(25_000, poor["shortfallMinor"]!.GetValue<long>());
        Assert.Equal("insufficient_funds", poor["reasons"]![0]!.GetValue<string>());
        Assert.Equal(version, await payments.ScalarAsync<long>("SELECT version FROM payments.payment WHERE payment_id = @id", new { id }));
        Assert.All(payments.Ledger.Calls, call => Assert.StartsWith("GET /internal/balances/", call, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("paid", "null", "qr_already_paid")]
    [InlineData("expired", "null", "qr_expired")]
    [InlineData("cancelled", "null", "qr_cancelled")]
    [InlineData("unknown", "null", "qr_not_found")]
    [InlineData("payable", "125001", "qr_tampered")]
    [InlineData("perhaps", "null", "rail_unavailable")]
    public async Task A_preview_says_what_the_rail_says_of_the_code_now(string state, string amount, string reason)
    {
        await using var payments = await StartAsync();
        var id = Id(await payments.CreateAsync());
        payments.Rail.Resolve = _ => $$"""{"payee":{"name":"ООО Ромашка"},"amountMinor":{{amount}},"state":"{{state}}"}""";

        var preview = await PreviewAsync(payments, id);

        Assert.False(preview["payable"]!.GetValue<bool>());
        Assert.Equal(reason, Assert.Single(preview["reasons"]!.AsArray())!.GetValue<string>());
        Assert.Equal(preview["balanceMinor"]!.GetValue<long>(), preview["balanceAfterMinor"]!.GetValue<long>());
    }

    [Fact]
    public async Task A_preview_does_not_ask_the_rail_for_what_is_over()
    {
        await using var payments = await StartAsync();
        var id = Id(await payments.CreateAsync());
        await payments.EndLifeAsync(id);
        var asked = payments.Rail.Calls.Count;

        var preview = await PreviewAsync(payments, id);

        Assert.Equal("payment_expired", Assert.Single(preview["reasons"]!.AsArray())!.GetValue<string>());
        Assert.Equal(asked, payments.Rail.Calls.Count);
    }

    [Theory]
    [InlineData(99, "amount_below_min")]
    [InlineData(1_001, "amount_above_max")]
    public async Task A_preview_says_which_limit_the_sum_has_left_since(long amountMinor, string reason)
    {
        await using var payments = await StartAsync(
            new() { ["Payments:MinMinor"] = "100", ["Payments:MaxMinor"] = "1000" });
        var id = Id(await payments.CreateAsync(new { qr = Codes.Static, amountMinor = 500 }));
        await payments.ExecuteAsOwnerAsync( // As if it had been made under other limits.
            "ALTER TABLE payments.payment DISABLE TRIGGER guard_payment; "
            + $"UPDATE payments.payment SET amount_kopecks = {amountMinor}, total_kopecks = {amountMinor}; "
            + "ALTER TABLE payments.payment ENABLE TRIGGER guard_payment");

        var preview = await PreviewAsync(payments, id);

        Assert.False(preview["payable"]!.GetValue<bool>());
        Assert.Equal(reason, Assert.Single(preview["reasons"]!.AsArray())!.GetValue<string>());
    }

    private static async Task<JsonNode> PreviewAsync(PaymentsHarness payments, Guid id)
    {
        using var response = await payments.PostAsync($"/v1/payments/{id}/preview", null);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync(Token))!;
    }
}
