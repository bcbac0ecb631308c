using System.Globalization;
using ArdorQr.Benchmarks.Hosting;

namespace ArdorQr.Benchmarks.Payments;

/// <summary>Payments from the code to the webhook, through the gateway, by the Sandbox's rail.</summary>
internal sealed class PaymentsBench
{
    private const int Workers = 64;
    private const int WarmUpSeconds = 10;
    private const int SettleSeconds = 3; // What a part leaves behind (webhooks, clean-up) is written within it.
    private const int QuietSeconds = 8;

    private const double IdleCommits = 12;
    private const double LoadedCommits = 6;
    private const double Messages = 5;
    private const double TimesTheFloor = 3;

    /// <summary>On the way from the confirmation to the completion: intent with key, debit, confirmation, bank, completion.</summary>
    private const int CommitsOnTheWay = 5;

    /// <summary>Gateway, Payments, Ledger, and the bank with its two calls back through the gateway.</summary>
    private const int HopsOnTheWay = 8;

    /// <summary>A log of a few payments' statements in place of the figures.</summary>
    public static IReadOnlyList<string> Parts { get; } = [PaymentTrace.Part];

    private readonly BenchOptions _options;
    private readonly HouseUnderTest _house;
    private readonly DurablePostgres _postgres;
    private readonly PaymentRun _run;
    private readonly DurableWorkMeter _meter;
    private readonly Figures _rates = new("payments per second, prepared, confirmed and completed");
    private readonly Figures _times = new("milliseconds");
    private readonly Figures _work = new("per payment, all services together");
    private readonly Figures _processors = new("milliseconds of processor time per payment");
    private readonly Figures _bytes = new("bytes per payment");

    private PaymentsBench(
        BenchOptions options, DurablePostgres postgres, DurableRabbit rabbit, HouseUnderTest house, WebhookSink sink)
    {
        (_options, _house, _postgres) = (options, house, postgres);
        _run = new PaymentRun(house, sink);
        _meter = new DurableWorkMeter(postgres, rabbit, house);
    }

    public static async Task RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        await using var postgres = await DurablePostgres.StartAsync(cancellationToken);
        await using var rabbit = await DurableRabbit.StartAsync(cancellationToken);
        await using var sink = await WebhookSink.StartAsync(cancellationToken);
        await postgres.PrintSettingsAsync(cancellationToken);
        await using var house = await HouseUnderTest.StartAsync(rabbit, sink.Url, cancellationToken);
        Console.WriteLine(
            $"""
            {options.Rounds} rounds, {options.Seconds} s each part; spread is over {HouseUnderTest.MerchantCount} merchants, hot is one merchant
            {Workers} payments at a time under load, 1 on the idle system; every request has an Idempotency-Key of its own
            Load, servers and all five services share the cores. Commits are the write-ahead log's, of all databases, the bank's too.
            """);
        await new PaymentsBench(options, postgres, rabbit, house, sink).MeasureAsync(cancellationToken);
    }

    private async Task MeasureAsync(CancellationToken cancellationToken)
    {
        Console.WriteLine("Warming up, this doesn't count");
        await _run.RunAsync(_house.Merchants, Workers, WarmUpSeconds, PaymentRun.Usual, cancellationToken);
        await _run.RunAsync(_house.Merchants, 1, WarmUpSeconds / 2, PaymentRun.AtOnce, cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(SettleSeconds), cancellationToken);
        if (_options.Part == PaymentTrace.Part)
        {
            await PaymentTrace.RunAsync(_postgres, _house, _run, cancellationToken);
            return;
        }

        var quiet = await _meter.MeasureQuietAsync(QuietSeconds, cancellationToken);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"Without a payment the house commits {quiet:0.00} times a second; that is taken off"));
        for (var round = 0; round < _options.Rounds; round++)
        {
            await MeasureAsync("idle, bank at once", _house.Merchants, 1, PaymentRun.AtOnce, cancellationToken);
            _times.Add("the floor: commits and hops on the way", await FloorAsync(cancellationToken));
            await MeasureAsync("idle", _house.Merchants, 1, PaymentRun.Usual, cancellationToken);
            await MeasureAsync("spread", _house.Merchants, Workers, PaymentRun.Usual, cancellationToken);
            await MeasureAsync("hot", [_house.Merchants[0]], Workers, PaymentRun.Usual, cancellationToken);
        }

        _rates.Print();
        _times.Print();
        _work.Print();
        _processors.Print();
        _bytes.Print();
        Figures.PrintAtMost("payments-commits-idle", _work.Median("idle, commits"), IdleCommits);
        Figures.PrintAtMost("payments-commits-load", _work.Median("spread, commits"), LoadedCommits);
        Figures.PrintAtMost("payments-messages", _work.Median("spread, messages published"), Messages);
        Figures.PrintAtMost(
            "payments-confirm-to-completed/floor",
            _times.MedianRatio("idle, bank at once, confirm to completed p50", "the floor: commits and hops on the way"), TimesTheFloor);
    }

    private async Task MeasureAsync(
        string name, IReadOnlyList<BenchMerchant> merchants, int workers, int ending, CancellationToken cancellationToken)
    {
        await _meter.BeginAsync(cancellationToken);
        var result = await _run.RunAsync(merchants, workers, _options.Seconds, ending, cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(SettleSeconds), cancellationToken);
        var work = await _meter.EndAsync(cancellationToken);
        _rates.Add(name, result.PerSecond);
        _work.Add($"{name}, commits", work.Commits / result.Payments);
        foreach (var (service, commits) in work.CommitsOf)
        {
            _work.Add($"{name}, commits of {service}", commits / result.Payments);
        }

        _work.Add($"{name}, messages published", work.Published / (double)result.Payments);
        _work.Add($"{name}, messages consumed", work.Consumed / (double)result.Payments);
        AddCosts(name, work, result.Payments);
        foreach (var (step, values) in new[]
            { ("prepare", result.Prepare), ("confirm", result.Confirm), ("confirm to completed", result.Complete), ("confirm to webhook", result.Told) })
        {
            _times.Add($"{name}, {step} p50", RunResult.Percentile(values, 50));
            _times.Add($"{name}, {step} p99", RunResult.Percentile(values, 99));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name}: {result.Payments} payments, {result.PerSecond:0.0}/s, confirm to completed p50 {RunResult.Percentile(result.Complete, 50):0.0} ms, {work.Commits / result.Payments:0.00} commits each"));
    }

    /// <summary>What sizing goes by; the load generator's own time is in none of it.</summary>
    private void AddCosts(string name, DurableWork work, double payments)
    {
        _processors.Add($"{name}, all", work.MillisecondsOf.Values.Sum() / payments);
        foreach (var (process, milliseconds) in work.MillisecondsOf)
        {
            _processors.Add($"{name}, {process}", milliseconds / payments);
        }

        _bytes.Add($"{name}, write-ahead log", work.WalBytes / payments);
        foreach (var (service, bytes) in work.DiskBytesOf)
        {
            _bytes.Add($"{name}, disk of {service}", bytes / payments);
        }
    }

    private async Task<double> FloorAsync(CancellationToken cancellationToken)
    {
        var (sync, hop) = (DurableWorkMeter.FdatasyncMilliseconds(), await _meter.HopMillisecondsAsync(cancellationToken));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"fdatasync {sync:0.00} ms, a request {hop:0.00} ms"));
        return (CommitsOnTheWay * sync) + (HopsOnTheWay * hop);
    }
}
