namespace ArdorQr.EndToEnd.Tests;

/// <summary>The broker, then the database, goes away in the middle of both journeys, and comes back.</summary>
[Collection(OneSystem.Name)]
public sealed class OutageTests(RunningSystem system)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("rabbitmq")]
    [InlineData("postgres")]
    public async Task Both_journeys_complete_by_themselves_after_an_outage(string server)
    {
        await using var merchant = await Merchant.RegisterAsync(system, Token);
        var first = JourneyTests.CheckedCredit(await merchant.TopUpAsync(25m, Token));

        // Both journeys are under way when the server stops: a deposit on chain, a payment just confirmed.
        var transfer = await merchant.SendTestDepositAsync(10m, Token);
        var id = await merchant.PayAsync("dynamic", 30_000, Token);
        await system.StopAsync(server, Token);
        await system.StartAsync(server, Token);

        var second = await merchant.Webhooks.WaitAsync(
            "deposit.credited", data => data.GetProperty("txHash").GetString() == transfer, Token);
        await merchant.PaymentEventAsync("payment.completed", id, Token);

        Assert.Equal(first + JourneyTests.CheckedCredit(second.Data) - 30_000, await merchant.BalanceAsync(Token));
        Assert.Equal(0u, await system.DeadLettersAsync(Token));
    }
}
