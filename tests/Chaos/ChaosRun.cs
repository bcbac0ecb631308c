using System.Diagnostics;
using ArdorQr.Chaos.Check;
using ArdorQr.Chaos.Faults;
using ArdorQr.Chaos.Hosting;
using ArdorQr.Chaos.Load;

namespace ArdorQr.Chaos;

/// <summary>
/// A running house with its merchants: load and harm, rest, judgement. The parts are separate, so that a test may do
/// something else meanwhile.
/// </summary>
internal sealed class ChaosRun : IAsyncDisposable
{
    private const long FundsMinor = 900_000_000;
    private const int UnfinishedMinutes = 6;
    private const int SeedStep = 100_000;

    private readonly ChaosOptions _options;
    private readonly Action<string> _report;
    private readonly List<Merchant> _merchants = [];
    private readonly DateTimeOffset _since = TimeProvider.System.GetUtcNow();
    private int _loads;
    private Findings _judged = new();

    private ChaosRun(ChaosOptions options, Action<string> report, House house, Receiver receiver, Journal journal)
    {
        (_options, _report, House, Receiver, Journal) = (options, report, house, receiver, journal);
        Operators = new ApiCaller(house.OperatorUrls, House.OperatorToken);
    }

    public House House { get; }

    public Receiver Receiver { get; }

    public Journal Journal { get; }

    public ApiCaller Operators { get; }

    public IReadOnlyList<Merchant> Merchants => _merchants;

    public static async Task<ChaosRun> StartAsync(
        ChaosOptions options, string folder, Action<string> report, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        var journal = new Journal();
        var house = await House.StartAsync(folder, options.Replicas, options.SealsRows, cancellationToken);
        var receiver = await Receiver.StartAsync(journal, options.Seed, cancellationToken);
        var run = new ChaosRun(options, report, house, receiver, journal);
        try
        {
            for (var index = 0; index < options.Merchants; index++)
            {
                run._merchants.Add(await Merchant.RegisterAsync(
                    index, FundsMinor, house.GatewayUrls, run.Operators, run.Receiver, cancellationToken));
            }

            report($"started in {Stopwatch.GetElapsedTime(began).TotalSeconds:F0} s: {options.Replicas} of each of "
                + $"{House.Services.Count} services, {options.Merchants} merchants; logs in {folder}");
            return run;
        }
        catch
        {
            await run.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// The load, and beside it whatever else <paramref name="meanwhile"/> does; both are told when the time is over.
    /// New work ends with whichever of the two is done first.
    /// </summary>
    public async Task LoadAsync(
        TimeSpan length, Func<CancellationToken, Task> meanwhile, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(length + TimeSpan.FromMinutes(UnfinishedMinutes));
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(limit.Token);
        enough.CancelAfter(length);
        // A second load is other work: of the same seed it would be the first one's codes and keys again.
        var options = _options with { Seed = _options.Seed + (SeedStep * _loads++) };
        var traffic = new Traffic(_merchants, Journal, options).RunAsync(enough.Token, limit.Token);
        var beside = meanwhile(enough.Token);
        await Task.WhenAny(traffic, beside);
        await enough.CancelAsync();
        await beside;
        try
        {
            await traffic;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            Journal.Fault($"some requests weren't answered within {UnfinishedMinutes} min of the last fault");
        }

        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        _report($"load    {Journal.Payments.Count} payments and {Journal.Deposits.Count} deposits begun in "
            + $"{seconds:F0} s ({Journal.Payments.Count / seconds:F1} payments/s), {Journal.Reads} reads, "
            + $"{Journal.Retries} repetitions, {Journal.FailedTwice.Count} requests repeated more than once");
    }

    public Task HarmAsync(CancellationToken enough, CancellationToken cancellationToken) => HarmAsync(
        FaultPlan.Make(
            _options.Seed, TimeSpan.FromMinutes(_options.Minutes), _options.FaultSeconds,
            [.. House.Replicas.Select(replica => replica.Name)]),
        enough, cancellationToken);

    public async Task HarmAsync(
        IReadOnlyList<Fault> plan, CancellationToken enough, CancellationToken cancellationToken)
    {
        await new Mischief(House, Journal, _report).RunAsync(plan, enough, cancellationToken);
        await EndOfAsync(enough); // The load goes on for its whole time, whether or not the plan fills it.
        cancellationToken.ThrowIfCancellationRequested();
        _report($"harm    {Journal.Harms.Count} faults; waiting until all processes are ready");
        await House.ReadyAsync(cancellationToken);
    }

    /// <summary>What was done, in a line each, and what was done too little.</summary>
    public IReadOnlyList<string> ReportDone()
    {
        var met = Journal.Harms.Where(harm => harm.IsMet).ToList();
        var harms = met.GroupBy(harm => harm.Harm).OrderBy(harm => harm.Key)
            .Select(harm => $"{harm.Count()} {harm.Key} ({string.Join(", ", harm.GroupBy(each => each.Service)
                .OrderBy(service => service.Key).Select(service => $"{service.Count()} {service.Key}"))})");
        _report($"done    {met.Count} faults that met what they were to harm, {Journal.Harms.Count - met.Count} that didn't");
        foreach (var harm in harms)
        {
            _report($"done    {harm}");
        }

        _report($"done    {Journal.Kills} kills, {Journal.Payments.Count} payments, "
            + $"{Least.RacesOf(Journal)} races lost by a duplicate, "
            + $"{Journal.Deposits.Count(deposit => deposit.TxHash is not null)} deposits promised, {Journal.Reads} reads");
        return _options.Least.Wanting(Journal);
    }

    /// <summary>Waits for rest and judges; with a breach when it doesn't come.</summary>
    /// <param name="comparesBooks">
    /// Has the operator's comparison made too: not where an older release runs, which may lack a part of it.
    /// </param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task<(Findings Findings, Evidence Evidence)> JudgeAsync(
        bool comparesBooks, CancellationToken cancellationToken)
    {
        Receiver.IsReliable = true;
        var began = Stopwatch.GetTimestamp();
        var rest = new Rest(House, _merchants, Operators);
        var restless = await rest.WaitAsync(_options.RestLimit, _since, cancellationToken);
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        _report($"rest    {(restless is null ? "reached" : "NOT reached")} after {seconds:F0} s");
        var evidence = await Evidence.GatherAsync(House, Journal, _merchants, Operators, comparesBooks, cancellationToken);
        _judged = Checker.Check(evidence);
        _judged.Expect(restless is null, "rest", () => $"after {_options.RestLimit.TotalMinutes} min {restless}");
        return (_judged, evidence);
    }

    /// <summary>Falsifies something and judges once more.</summary>
    /// <returns>The breaches that weren't there before.</returns>
    /// <exception cref="InvalidOperationException">The run has nothing to falsify, or nothing came to rest.</exception>
    public async Task<Findings> JudgePlantedAsync(string plant, CancellationToken cancellationToken)
    {
        _report($"plant   {plant}");
        await Plant.PlantAsync(this, plant, cancellationToken);
        if (plant == Plant.LostEvent
            && await new Rest(House, _merchants, Operators).WaitAsync(_options.RestLimit, _since, cancellationToken)
                is { } restless)
        {
            throw new InvalidOperationException($"After {plant}, {restless}.");
        }

        var before = _judged;
        _judged = Checker.Check(await Evidence.GatherAsync(House, Journal, _merchants, Operators, comparesBooks: true, cancellationToken));
        return _judged.Since(before);
    }

    /// <summary>One more payment, of the first merchant.</summary>
    public async Task<Guid> PayOnceAsync(long amountMinor, CancellationToken cancellationToken)
    {
        var seed = _options.Seed + (SeedStep * _loads++);
        var record = new PaymentRecord(
            _merchants[0].Index, PaymentCodes.Fresh(new Random(seed), amountMinor), amountMinor, $"{seed}-once");
        Journal.Payments.Enqueue(record);
        var shopper = new Shopper(Journal);
        await shopper.PrepareAsync(_merchants[0], record, twice: false, cancellationToken);
        await shopper.ConfirmAsync(_merchants[0], record, twice: false, cancellationToken);
        return record.Id!.Value;
    }

    public async ValueTask DisposeAsync()
    {
        _merchants.ForEach(merchant => merchant.Dispose());
        Operators.Dispose();
        await House.DisposeAsync();
        await Receiver.DisposeAsync();
    }

    private static async Task EndOfAsync(CancellationToken token)
    {
        var end = new TaskCompletionSource();
        await using var registration = token.Register(end.SetResult);
        await end.Task;
    }
}
