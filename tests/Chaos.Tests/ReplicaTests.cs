using System.Globalization;
using ArdorQr.Chaos.Hosting;
using Npgsql;

namespace ArdorQr.Chaos.Tests;

/// <summary>Two of every service behind two gateways, each restarted in peace under load, then joined by the release before.</summary>
[Collection(OneHouse.Name)]
public sealed class ReplicaTests
{
    private const int LimitMilliseconds = 1_200_000;

    private const string Switch = "ARDORQR_REPLICAS";

    /// <summary>An end of its own makes the load no shorter than what is done meanwhile.</summary>
    private static readonly TimeSpan LoadLimit = TimeSpan.FromMinutes(6);

    [Fact(Timeout = LimitMilliseconds)]
    public async Task A_rolling_restart_under_load_loses_nothing_and_costs_a_client_one_repetition_at_most()
    {
        Asked();
        var cancellation = TestContext.Current.CancellationToken;
        await using var house = await RunningHouse.StartAsync(Options(seed: 31), cancellation);
        var epoch = await EpochAsync(house.Run.House, cancellation);

        await LoadWhileAsync(house.Run, async () =>
        {
            Assert.Equal(epoch, await EpochAsync(house.Run.House, cancellation)); // Two watchers are there, and one leads.
            await RollAsync(house.Run.House, release: null, _ => true, cancellation);
        }, cancellation);

        Assert.Equal(0, house.Run.Journal.FailedTwice);
        Assert.True(await EpochAsync(house.Run.House, cancellation) > epoch); // The leader was restarted, so another took over.
        await house.AssertProvenAsync(cancellation);
    }

    [Fact(Timeout = LimitMilliseconds)]
    public async Task The_release_before_works_beside_this_one_over_the_same_databases_and_queues()
    {
        var cancellation = TestContext.Current.CancellationToken;
        Asked();
        var (previous, whyNot) = await PreviousRelease.BuildAsync(cancellation);
        Assert.SkipWhen(previous is null, $"not run: {whyNot}");
        await using var house = await RunningHouse.StartAsync(
            Options(seed: 32) with { SealsRows = false }, cancellation);

        // This release's migrations ran already. Each first replica goes back, and the second ones stay.
        await ReplaceAsync(house.Run, "-1", previous!, cancellation);
        await house.AssertProvenAsync(cancellation);

        // The old ones alone, and then the new ones again: a release that is taken back, and one that comes.
        await ReplaceAsync(house.Run, "-2", previous!, cancellation);
        await ReplaceAsync(house.Run, "-1", Release.Own, cancellation);
        await house.AssertProvenAsync(cancellation);
    }

    /// <summary>They would make `./test` half as long again; the README tells of them.</summary>
    private static void Asked() => Assert.SkipUnless(
        Environment.GetEnvironmentVariable(Switch) == "1", $"not run: it takes minutes; {Switch}=1 ./test Chaos runs it");

    private static ChaosOptions Options(int seed) => new()
    {
        Seed = seed, Merchants = 3, Workers = 3, FaultSeconds = 0, DepositPause = TimeSpan.FromMilliseconds(500),
    };

    private static Task ReplaceAsync(ChaosRun run, string which, Release release, CancellationToken cancellation) => LoadWhileAsync(
        run,
        () => RollAsync(run.House, release, replica => replica.Name.EndsWith(which, StringComparison.Ordinal), cancellation),
        cancellation);

    private static Task LoadWhileAsync(ChaosRun run, Func<Task> action, CancellationToken cancellation) => run.LoadAsync(
        LoadLimit, async enough => await action().WaitAsync(enough), cancellation);

    /// <summary>One after the other, each ready before the next is stopped.</summary>
    private static async Task RollAsync(House house, Release? release, Func<Replica, bool> which, CancellationToken cancellation)
    {
        foreach (var replica in house.Replicas.Where(which))
        {
            var process = release is null ? null : house.ProcessOf(replica, release);
            Assert.True(await replica.RestartAsync(process, cancellation), $"{replica.Name} didn't end by itself");
            await replica.ReadyAsync(restart: false, cancellation);
        }
    }

    /// <summary>How often the lead over the test chain's watch was taken.</summary>
    private static async Task<long> EpochAsync(House house, CancellationToken cancellation)
    {
        await using var connection = await house.Postgres.OpenAsync("deposits", cancellation);
        await using var command = new NpgsqlCommand("SELECT epoch FROM deposits.watcher WHERE mode = 'test'", connection);
        return Convert.ToInt64(await command.ExecuteScalarAsync(cancellation), CultureInfo.InvariantCulture);
    }
}
