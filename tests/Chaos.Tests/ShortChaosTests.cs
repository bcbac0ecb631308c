using ArdorQr.Chaos.Check;

namespace ArdorQr.Chaos.Tests;

/// <summary>The short form of <c>./chaos</c>: servers and services are killed, paused and cut off under load.</summary>
[Collection(OneHouse.Name)]
public sealed class ShortChaosTests
{
    private const int Seed = 8;
    private const int LimitMilliseconds = 900_000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact(Timeout = LimitMilliseconds)]
    public async Task Under_chaos_nothing_is_lost_or_doubled_and_what_is_planted_afterwards_is_found()
    {
        var options = new ChaosOptions
        {
            Minutes = 0.5, Seed = Seed, Payments = 300, Deposits = 60, Merchants = 3, Workers = 4, FaultSeconds = 3,
        };
        await using var house = await RunningHouse.StartAsync(options, Cancellation);
        await house.Run.LoadAsync(
            TimeSpan.FromMinutes(options.Minutes), enough => house.Run.HarmAsync(enough, Cancellation), Cancellation);
        await house.AssertProvenAsync(Cancellation);

        foreach (var plant in Plant.Names)
        {
            var planted = await house.Run.JudgePlantedAsync(plant, Cancellation);
            Assert.Contains(Plant.BreachOf(plant), planted.Kinds);
        }
    }
}
