using System.Net;
using ArdorQr.Testing;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>The broker, then the database, goes away in the middle of both journeys, and comes back.</summary>
[Collection(OneSystem.Name)]
public sealed class OutageTests(RunningSystem system)
{
    /// <summary>By its last two digits the rail takes ten seconds: the server stops in the middle.</summary>
    private const long SlowMinor = 30_010;

    private const long QuickMinor = 20_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_the_broker_payments_go_on_and_what_has_to_be_told_of_them_waits()
    {
        await using var merchant = await Merchant.RegisterAsync(system, Token);
        var journeys = await BeginAsync(merchant);
        await system.StopAsync("rabbitmq", Token);

        var id = await merchant.PayAsync("dynamic", QuickMinor, Token);
        await Eventually.TrueAsync(
            async () => (await merchant.GetAsync($"/v1/payments/{id}", Token)).Text("status") == "completed", Token);
        Assert.DoesNotContain(
            merchant.Webhooks.All, received => received.Data.GetProperty("id").GetString() == id);
        await system.StartAsync("rabbitmq", Token);

        await merchant.PaymentEventAsync("payment.completed", id, Token);
        await AssertCompletedAsync(merchant, journeys, alsoPaid: QuickMinor);
    }

    [Fact]
    public async Task Without_the_database_the_answer_is_503_and_both_journeys_complete_after_it()
    {
        await using var merchant = await Merchant.RegisterAsync(system, Token);
        var journeys = await BeginAsync(merchant);
        await system.StopAsync("postgres", Token);

        var answer = await merchant.GetAsync($"/v1/payments/{journeys.PaymentId}", Token);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
        Assert.Equal("service_unavailable", answer.ErrorCode);
        await system.StartAsync("postgres", Token);

        await AssertCompletedAsync(merchant, journeys, alsoPaid: 0);
    }

    /// <summary>Both are under way: a deposit on chain, a payment just confirmed.</summary>
    private static async Task<Journeys> BeginAsync(Merchant merchant)
    {
        var before = JourneyTests.CheckedCredit(await merchant.TopUpAsync(25m, Token));
        var transfer = await merchant.SendTestDepositAsync(10m, Token);
        return new(before, transfer, await merchant.PayAsync("dynamic", SlowMinor, Token));
    }

    private async Task AssertCompletedAsync(Merchant merchant, Journeys journeys, long alsoPaid)
    {
        var credited = await merchant.Webhooks.WaitAsync(
            "deposit.credited", data => data.GetProperty("txHash").GetString() == journeys.Transfer, Token);
        await merchant.PaymentEventAsync("payment.completed", journeys.PaymentId, Token);

        Assert.Equal(
            journeys.BalanceBefore + JourneyTests.CheckedCredit(credited.Data) - SlowMinor - alsoPaid,
            await merchant.BalanceAsync(Token));
        Assert.Equal(0u, await system.DeadLettersAsync(Token));
    }

    private sealed record Journeys(long BalanceBefore, string Transfer, string PaymentId);
}
