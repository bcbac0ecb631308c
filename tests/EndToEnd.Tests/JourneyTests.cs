using System.Net;
using System.Text.Json;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>From a test key to a paid code, as the README's walk does it.</summary>
[Collection(OneSystem.Name)]
public sealed class JourneyTests(RunningSystem system)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_merchant_tops_up_pays_two_codes_and_hears_of_everything()
    {
        await using var merchant = await Merchant.RegisterAsync(system, Token);

        var deposit = await merchant.TopUpAsync(25m, Token);
        var credited = CheckedCredit(deposit);
        Assert.Contains(merchant.Webhooks.All, received => received.Type == "deposit.pending" && SameId(received.Data, deposit));
        Assert.Equal(credited, await merchant.BalanceAsync(Token));

        var dynamic = await PayToTheEndAsync(merchant, "dynamic", 30_000);
        var transfer = await PayToTheEndAsync(merchant, "st00012", 45_000);

        Assert.Equal(credited - 75_000, await merchant.BalanceAsync(Token));
        var operations = await merchant.OperationsAsync(Token);
        Assert.Equal(["payment", "payment", "deposit"], operations.Select(operation => operation.GetProperty("type").GetString()));
        Assert.Equal([transfer, dynamic, deposit.GetProperty("id").GetString()!],
            operations.Select(operation => operation.GetProperty("sourceId").GetString()!));
        Assert.Equal([-45_000, -30_000, credited], operations.Select(operation => operation.GetProperty("amountMinor").GetInt64()));
        Assert.Equal(0, merchant.Webhooks.Forged);
    }

    [Fact]
    public async Task A_payment_that_the_payee_refuses_is_refunded_before_its_webhook()
    {
        await using var merchant = await Merchant.RegisterAsync(system, Token);
        var credited = CheckedCredit(await merchant.TopUpAsync(10m, Token));

        var id = await merchant.PayAsync("dynamic", 20_001, Token);
        var failed = await merchant.PaymentEventAsync("payment.failed", id, Token);

        Assert.Equal(credited, await merchant.BalanceAsync(Token));
        Assert.Equal("payee_rejected", failed.Data.GetProperty("failureReason").GetString());
        Assert.Equal(["refund", "payment", "deposit"],
            (await merchant.OperationsAsync(Token)).Select(operation => operation.GetProperty("type").GetString()));
    }

    [Fact]
    public async Task A_payment_beyond_the_balance_is_402_with_the_shortfall_and_can_be_confirmed_after_a_deposit()
    {
        await using var merchant = await Merchant.RegisterAsync(system, Token);
        var qr = await merchant.FreshQrAsync("dynamic", 100_000, Token);
        var id = (await merchant.PostAsync("/v1/payments", new { qr }, Token)).Expect(HttpStatusCode.Created).Text("id");

        var refused = (await merchant.PostAsync($"/v1/payments/{id}/confirm", null, Token)).Expect(HttpStatusCode.PaymentRequired);
        Assert.Equal("insufficient_funds", refused.ErrorCode);
        Assert.Equal(100_000, refused.Body.GetProperty("error").GetProperty("details").GetProperty("shortfallMinor").GetInt64());
        Assert.Equal("resolved", (await merchant.GetAsync($"/v1/payments/{id}", Token)).Text("status"));

        await merchant.TopUpAsync(25m, Token);
        (await merchant.PostAsync($"/v1/payments/{id}/confirm", null, Token)).Expect(HttpStatusCode.OK);
        await merchant.PaymentEventAsync("payment.completed", id, Token);
    }

    [Fact]
    public async Task One_trace_goes_from_the_confirmation_to_both_webhooks()
    {
        await using var merchant = await Merchant.RegisterAsync(system, Token);
        await merchant.TopUpAsync(25m, Token);
        var qr = await merchant.FreshQrAsync("dynamic", 30_000, Token);
        var id = (await merchant.PostAsync("/v1/payments", new { qr }, Token)).Expect(HttpStatusCode.Created).Text("id");

        var confirmed = (await merchant.PostAsync($"/v1/payments/{id}/confirm", null, Token)).Expect(HttpStatusCode.OK);

        var trace = confirmed.Headers.GetValues("X-Request-Id").Single();
        foreach (var type in new[] { "payment.processing", "payment.completed" })
        {
            Assert.Equal(trace, (await merchant.PaymentEventAsync(type, id, Token)).Traceparent.Split('-')[1]);
        }
    }

    private static async Task<string> PayToTheEndAsync(Merchant merchant, string kind, long amountMinor)
    {
        var id = await merchant.PayAsync(kind, amountMinor, Token);
        await merchant.PaymentEventAsync("payment.processing", id, Token);
        var completed = await merchant.PaymentEventAsync("payment.completed", id, Token);
        var payment = (await merchant.GetAsync($"/v1/payments/{id}", Token)).Expect(HttpStatusCode.OK);
        Assert.Equal("completed", payment.Text("status"));
        Assert.Equal(amountMinor, payment.Number("totalMinor"));
        Assert.True(JsonElement.DeepEquals(payment.Body, completed.Data), $"{payment.Body} differs from the event's {completed.Data}");
        return id;
    }

    /// <summary>gross = amount × rate down, fee = gross × bps / 10000 up, credited = gross − fee: computed here anew.</summary>
    internal static long CheckedCredit(JsonElement deposit)
    {
        var gross = (long)decimal.Floor(deposit.GetProperty("amount").GetDecimal() * deposit.GetProperty("rate").GetDecimal() * 100);
        var fee = (long)decimal.Ceiling(gross * deposit.GetProperty("feeBps").GetDecimal() / 10_000);
        Assert.Equal(gross, deposit.GetProperty("grossMinor").GetInt64());
        Assert.Equal(fee, deposit.GetProperty("feeMinor").GetInt64());
        Assert.Equal(gross - fee, deposit.GetProperty("creditedMinor").GetInt64());
        return gross - fee;
    }

    private static bool SameId(JsonElement left, JsonElement right) =>
        left.GetProperty("id").GetString() == right.GetProperty("id").GetString();
}
