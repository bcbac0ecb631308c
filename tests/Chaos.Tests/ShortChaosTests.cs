using ArdorQr.Chaos.Check;

namespace ArdorQr.Chaos.Tests;

/// <summary>The short form of <c>./chaos</c>: servers and services are killed, paused and cut off under load.</summary>
[Collection(OneHouse.Name)]
public sealed class ShortChaosTests
{
    private const int Seed = 8;
    private const int LimitMilliseconds = 900_000;

    [Fact(Timeout = LimitMilliseconds)]
    public async Task Under_chaos_nothing_is_lost_or_doubled_and_what_is_planted_afterwards_is_found()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var options = new ChaosOptions
        {
            Minutes = 1, Seed = Seed, Payments = 300, Deposits = 60, Merchants = 3, Workers = 8, FaultSeconds = 3,
            LeastKills = 4, LeastPayments = 60, LeastDeposits = 15,
        };
        await using var house = await RunningHouse.StartAsync(options, cancellation);
        await house.Run.LoadAsync(
            TimeSpan.FromMinutes(options.Minutes), enough => house.Run.HarmAsync(enough, cancellation), cancellation);
        var wanting = house.Run.ReportDone();
        await house.AssertProvenAsync(cancellation);
        Assert.Empty(wanting);

        foreach (var plant in Plant.Names)
        {
            var planted = await house.Run.JudgePlantedAsync(plant, cancellation);
            Assert.Contains(Plant.BreachOf(plant), planted.Kinds);
        }
    }
}
