using System.Text.Json;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>
/// A service is killed for good at the worst points of both journeys and started again: the walk completes without
/// help, with one effect each.
/// </summary>
[Collection(OneSystem.Name)]
public sealed class CrashTests(RunningSystem system)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("deposits", "deposits.stored")]
    [InlineData("deposits", "outbox-committed@ardorqr.deposits.deposit-confirmed.v1")]
    [InlineData("ledger", "ledger.deposit-posted")]
    [InlineData("ledger", "outbox-published@ardorqr.ledger.deposit-posted.v1")]
    public async Task A_deposit_is_credited_once_whatever_dies(string service, string point)
    {
        await using var merchant = await Merchant.RegisterAsync(system, Token);
        system.Arm(point);

        var transfer = await merchant.SendTestDepositAsync(25m, Token);
        await system.RestartAfterDeathAsync(service, Token);
        var credited = await merchant.Webhooks.WaitAsync(
            "deposit.credited", data => data.GetProperty("txHash").GetString() == transfer, Token);

        Assert.False(system.IsArmed(point));
        Assert.Equal(JourneyTests.CheckedCredit(credited.Data), await merchant.BalanceAsync(Token));
        Assert.Single(await merchant.OperationsAsync(Token));
        AssertOneEventEach(merchant, "deposit.pending", "deposit.credited");
        Assert.Equal(0u, await system.DeadLettersAsync(Token));
    }

    [Theory]
    [InlineData("payments", "payments.intent-committed", 30_000)]
    [InlineData("ledger", "ledger.committed", 30_000)]
    [InlineData("payments", "payments.debit-known", 30_000)]
    [InlineData("payments", "payments.put-sent", 30_000)]
    [InlineData("payments", "payments.put-sent", 30_001)]
    [InlineData("payments", "outbox-committed@ardorqr.payments.payment-completed.v1", 30_000)]
    [InlineData("payments", "outbox-published@ardorqr.payments.payment-completed.v1", 30_000)]
    [InlineData("ledger", "outbox-committed@ardorqr.ledger.payment-refunded.v1", 30_001)]
    [InlineData("webhooks", "webhooks.sent", 30_000)]
    public async Task A_payment_has_one_effect_whatever_dies(string service, string point, long amountMinor)
    {
        await using var merchant = await Merchant.RegisterAsync(system, Token);
        var credited = JourneyTests.CheckedCredit(await merchant.TopUpAsync(25m, Token));
        system.Arm(point);

        var paying = merchant.PayAsync("dynamic", amountMinor, Token);
        await system.RestartAfterDeathAsync(service, Token);
        var id = await paying;
        var refused = amountMinor % 100 == 1;
        await merchant.PaymentEventAsync(refused ? "payment.failed" : "payment.completed", id, Token);

        Assert.False(system.IsArmed(point));
        Assert.Equal(refused ? credited : credited - amountMinor, await merchant.BalanceAsync(Token));
        Assert.Equal(refused ? 3 : 2, (await merchant.OperationsAsync(Token)).Count);
        AssertOneEventEach(merchant, "payment.processing", refused ? "payment.failed" : "payment.completed");
        Assert.Equal(0u, await system.DeadLettersAsync(Token));
    }

    /// <summary>A delivery may be repeated, an event may not: each type has one id, and the same bytes each time.</summary>
    private static void AssertOneEventEach(Merchant merchant, params string[] types)
    {
        foreach (var type in types)
        {
            var deliveries = merchant.Webhooks.All.Where(received => received.Type == type).ToList();
            Assert.Single(deliveries.Select(received => received.EventId).Distinct());
            Assert.Single(deliveries.Select(received => received.Body).Distinct());
        }
    }
}
