using System.Globalization;
using ArdorQr.Chaos.Faults;
using ArdorQr.Chaos.Hosting;
using ArdorQr.Chaos.Load;
using Npgsql;

namespace ArdorQr.Chaos.Tests;

/// <summary>
/// Two of every service behind two gateways, each restarted in peace under load, then joined by the release before.
/// </summary>
[Collection(OneHouse.Name)]
public sealed class ReplicaTests
{
    private const int LimitMilliseconds = 1_200_000;

    private const string Switch = "ARDORQR_REPLICAS";
    private const int Replicas = 2;

    /// <summary>
    /// The release before reads no statement of the rail beyond some 270 transfers: when it is judged, there mustn't be
    /// more.
    /// </summary>
    private static readonly TimeSpan Slowly = TimeSpan.FromSeconds(2);

    /// <summary>The load ends with what is done meanwhile, which may take so long.</summary>
    private static readonly TimeSpan LoadLimit = TimeSpan.FromMinutes(6);

    [Fact(Timeout = LimitMilliseconds)]
    public async Task A_rolling_restart_under_load_loses_nothing_and_costs_a_client_one_repetition_at_most()
    {
        Asked();
        var cancellation = TestContext.Current.CancellationToken;
        await using var house = await RunningHouse.StartAsync(Options(seed: 31), cancellation);

        await RollUnderLoadAsync(house.Run, "", release: null, leastTerms: 1, mostTerms: Replicas, cancellation);

        Assert.Empty(house.Run.Journal.FailedTwice);
        await house.AssertProvenAsync(cancellation);
    }

    /// <summary>
    /// Whole journeys, one effect each. How often a client repeats a request isn't asked here: that is up to the
    /// gateway that it meets, and the release before may do it worse.
    /// </summary>
    [Fact(Timeout = LimitMilliseconds)]
    public async Task The_release_before_works_beside_this_one_over_the_same_databases_and_queues()
    {
        var cancellation = TestContext.Current.CancellationToken;
        Asked();
        var (previous, whyNot) = await PreviousRelease.BuildAsync(cancellation);
        Assert.SkipWhen(previous is null, $"not run: {whyNot}");
        // A release that seals is rolled out before it does so: docs/security.md.
        var options = Options(seed: 32) with { PaymentPause = Slowly, SealsRows = false };
        await using var house = await RunningHouse.StartAsync(options, cancellation);

        // This release's migrations ran already. Each first replica goes back, and the second ones stay.
        await RollUnderLoadAsync(house.Run, "-1", previous, leastTerms: 0, mostTerms: 1, cancellation);
        await house.AssertMixedProvenAsync(cancellation);

        // The old ones alone, so that one of them leads the watch; and then the new ones again.
        await RollUnderLoadAsync(house.Run, "-2", previous, leastTerms: 0, mostTerms: 1, cancellation);
        await RollUnderLoadAsync(house.Run, "", Release.Own, leastTerms: 1, mostTerms: Replicas, cancellation);
        await house.AssertProvenAsync(cancellation);
    }

    /// <summary>They would make `./test` half as long again; the README tells of them.</summary>
    private static void Asked() => Assert.SkipUnless(
        Environment.GetEnvironmentVariable(Switch) == "1",
        $"not run: it takes minutes; {Switch}=1 ./test Chaos runs it");

    private static ChaosOptions Options(int seed) => new()
    {
        Seed = seed,
        Replicas = Replicas,
        Merchants = 3,
        Workers = 3,
        FaultSeconds = 0,
        DepositPause = TimeSpan.FromMilliseconds(500),
    };

    /// <summary>
    /// While clients work. No process takes the lead over the chain's watch but where its holder was stopped: two that
    /// both thought it theirs would take it from each other.
    /// </summary>
    private static async Task RollUnderLoadAsync(
        ChaosRun run, string which, Release? release, int leastTerms, int mostTerms, CancellationToken cancellation)
    {
        var epoch = await EpochAsync(run.House, cancellation);
        var replicas = run.House.Replicas.Where(replica => replica.Name.EndsWith(which, StringComparison.Ordinal));

        await run.LoadAsync(
            LoadLimit, enough => RollAsync(run, release, replicas, cancellation).WaitAsync(enough), cancellation);

        Assert.InRange(await EpochAsync(run.House, cancellation) - epoch, leastTerms, mostTerms);
    }

    /// <summary>
    /// One after the other, each ready before the next is stopped. It is on record: what waits for a replica that comes
    /// back may be past its cut-off by then.
    /// </summary>
    private static async Task RollAsync(
        ChaosRun run, Release? release, IEnumerable<Replica> replicas, CancellationToken cancellation)
    {
        foreach (var replica in replicas)
        {
            var began = TimeProvider.System.GetUtcNow();
            var process = release is null ? null : run.House.ProcessOf(replica, release);
            Assert.True(await replica.RestartAsync(process, cancellation), $"{replica.Name} didn't end by itself");
            await replica.ReadyAsync(restart: false, cancellation);
            run.Journal.Harms.Enqueue(
                new HarmDone(replica.Name, Harm.Restart, began, TimeProvider.System.GetUtcNow(), IsMet: true));
        }
    }

    /// <summary>How often the lead over the test chain's watch was taken.</summary>
    private static async Task<long> EpochAsync(House house, CancellationToken cancellation)
    {
        await using var connection = await house.Postgres.OpenAsync("deposits", cancellation);
        const string sql = "SELECT epoch FROM deposits.watcher WHERE mode = 'test'";
        await using var command = new NpgsqlCommand(sql, connection);
        return Convert.ToInt64(await command.ExecuteScalarAsync(cancellation), CultureInfo.InvariantCulture);
    }
}
