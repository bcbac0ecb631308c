using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using ArdorQr.Benchmarks.Hosting;
using ArdorQr.Contracts;
using ArdorQr.Webhooks.Features;

namespace ArdorQr.Benchmarks.Webhooks;

/// <summary>Deliveries to a receiver on this machine: how many a second, how soon, with how much memory, and who waits for whom.</summary>
internal sealed class WebhooksBench
{
    private const int Concurrency = 64;
    private const int Endpoints = 200;
    private const int EventsARound = 20_000;
    private const int DistantEventsARound = 10_000;
    private const int WarmUpEvents = 20_000; // It is compiled anew up to there.
    private const int Backlog = 100_000;
    private const int IdleEvents = 200;
    private const int ManyEndpoints = 1_000;
    private const int HangingEndpoints = 100;
    private const int SpreadPerSecond = 200;
    private const int SpreadSeconds = 30;
    private const int DrainTimeoutSeconds = 120;

    private const string Ours = "Webhooks, deliveries";
    private const string Bare = "bare HttpClient loop, requests";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>In the order in which they are measured.</summary>
    public static IReadOnlyList<string> Parts { get; } = ["rates", "distant", "backlog", "idle", "hanging"];

    private readonly BenchOptions _options;
    private readonly HttpClient _http;
    private readonly Uri _receiver;
    private readonly CancellationToken _cancellationToken;

    private WebhooksBench(BenchOptions options, HttpClient http, int port, CancellationToken cancellationToken) =>
        (_options, _http, _receiver, _cancellationToken) = (options, http, new Uri($"http://127.0.0.1:{port}"), cancellationToken);

    private string HooksUrl => new Uri(_receiver, BenchReceiver.HooksPath).ToString();

    public static async Task RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        await using var postgres = await DurablePostgres.StartAsync(cancellationToken);
        await postgres.PrintSettingsAsync(cancellationToken);
        var port = ChildProcess.FreePort();
        await using var receiver = new ChildProcess("receiver",
            ["dotnet", typeof(WebhooksBench).Assembly.Location, BenchReceiver.Command, $"{port}"], new Dictionary<string, string?>());
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false });
        var bench = new WebhooksBench(options, http, port, cancellationToken);
        await receiver.WaitUntilAsync(bench.ReceiverAnswersAsync, cancellationToken);
        Console.WriteLine(
            $"""
            {options.Rounds} rounds; both send the same {WebhooksUnderTest.Body.Length} bytes to one receiver (Kestrel, a process of its own), at most {Concurrency} at once;
            Webhooks is the real program with {Endpoints} endpoints and takes {EventsARound} events a round from PostgreSQL, each signed and
            recorded; the loop sends for {options.Seconds} s; receiver, sender and PostgreSQL share the cores
            """);
        foreach (var part in Parts.Where(part => options.Part is null || options.Part == part))
        {
            await bench.MeasureAsync(part);
        }
    }

    /// <summary>A part that doesn't come to its end is a figure too, and keeps no other from being measured.</summary>
    private async Task MeasureAsync(string part)
    {
        try
        {
            await (part switch
            {
                "rates" => MeasureRatesAsync(),
                "distant" => MeasureDistantAsync(),
                "backlog" => MeasureBacklogAsync(),
                "idle" => MeasureIdleAsync(),
                _ => MeasureHangingAsync(),
            });
        }
        catch (TimeoutException exception)
        {
            Console.WriteLine($"{part}: {exception.Message} Its goals are missed.");
        }

        await ArrivalsAsync();
    }

    /// <summary>The receiver answers at once: what is left is what both spend on a delivery.</summary>
    private async Task MeasureRatesAsync()
    {
        var rates = await RatesAsync(BenchReceiver.HooksPath, EventsARound);
        Figures.PrintAtLeast("webhooks-deliveries/bare-http", rates.MedianRatio(Ours, Bare), 0.6);
    }

    /// <summary>The receiver takes its time, as every one does that isn't on this machine; no goal is set for it.</summary>
    private async Task MeasureDistantAsync()
    {
        Console.WriteLine($"\nThe same to a receiver that takes {BenchReceiver.DistantMilliseconds} ms for an answer:");
        var rates = await RatesAsync(BenchReceiver.DistantPath, DistantEventsARound);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"deliveries of the loop's requests to the distant receiver: {rates.MedianRatio(Ours, Bare):0.00}"));
    }

    private async Task<Figures> RatesAsync(string path, int events)
    {
        var url = new Uri(_receiver, path);
        await using var webhooks = await WebhooksUnderTest.StartProcessAsync(Concurrency, _cancellationToken);
        await webhooks.AddEndpointsAsync(Endpoints, url.ToString(), _cancellationToken);
        var rates = new Figures("per second");
        Console.WriteLine("Warming up, these don't count:");
        await BareAsync(url);
        await DrainAsync(webhooks, WarmUpEvents);
        for (var round = 0; round < _options.Rounds; round++)
        {
            rates.Add(Bare, await BareAsync(url));
            rates.Add(Ours, await DrainAsync(webhooks, events));
        }

        rates.Print();
        return rates;
    }

    private async Task<double> BareAsync(Uri url)
    {
        var (sent, until) = (0, Stopwatch.GetTimestamp() + (Stopwatch.Frequency * _options.Seconds));
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Concurrency).Select(_ => Task.Run(async () =>
        {
            while (Stopwatch.GetTimestamp() < until)
            {
                using var content = new ByteArrayContent(WebhooksUnderTest.Body);
                using var answer = await _http.PostAsync(url, content, _cancellationToken);
                await answer.Content.ReadAsByteArrayAsync(_cancellationToken);
                answer.EnsureSuccessStatusCode();
                Interlocked.Increment(ref sent);
            }
        }, _cancellationToken)));
        var rate = sent / Stopwatch.GetElapsedTime(began).TotalSeconds;
        await ArrivalsAsync();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"HttpClient loop: {rate:0}/s"));
        return rate;
    }

    /// <summary>From the first arrival to the last one; that all were recorded is waited for besides.</summary>
    private async Task<double> DrainAsync(WebhooksUnderTest webhooks, int events)
    {
        await webhooks.TidyAsync(_cancellationToken);
        var before = webhooks.Process!.ProcessorTime;
        await webhooks.OweAsync(events, _cancellationToken);
        await UntilAsync(async () => await CountAsync() >= events);
        await UntilAsync(async () => await webhooks.PendingAsync(_cancellationToken) == 0);
        var used = (webhooks.Process.ProcessorTime - before).TotalMicroseconds / events;
        var arrivals = await ArrivalsAsync();
        if (arrivals.Count != events || arrivals.DistinctBy(arrival => arrival.EventId).Count() != events)
        {
            throw new InvalidOperationException($"{events} events made {arrivals.Count} deliveries.");
        }

        var rate = (events - 1) / Stopwatch.GetElapsedTime(arrivals.Min(a => a.At), arrivals.Max(a => a.At)).TotalSeconds;
        var times = arrivals.Select(arrival => arrival.At).Order().ToList();
        var gap = times.Zip(times.Skip(1), (one, next) => Stopwatch.GetElapsedTime(one, next).TotalMilliseconds).Max();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Webhooks, {events} events: {rate:0}/s, longest pause {gap:0} ms, its processor time {used:0} µs a delivery"));
        return rate;
    }

    private async Task MeasureBacklogAsync()
    {
        await using var webhooks = await WebhooksUnderTest.StartProcessAsync(Concurrency, _cancellationToken);
        await webhooks.AddEndpointsAsync(Endpoints, HooksUrl, _cancellationToken);
        var process = webhooks.Process!;
        Console.WriteLine("\nWarming up, this doesn't count:");
        await DrainAsync(webhooks, WarmUpEvents);
        await webhooks.TidyAsync(_cancellationToken);
        Console.WriteLine($"A backlog of {Backlog} events; memory of the program, MiB, by events drained:");
        await webhooks.OweAsync(Backlog, _cancellationToken);
        var (early, latest, next) = (0L, 0L, Backlog / 10);
        await UntilAsync(async () =>
        {
            var count = await CountAsync();
            if (count >= next)
            {
                latest = process.ResidentMebibytes;
                early = early == 0 ? latest : early;
                Console.WriteLine($"  {count,7}  {latest}");
                next += Backlog / 10;
            }

            return count >= Backlog;
        });
        await UntilAsync(async () => await webhooks.PendingAsync(_cancellationToken) == 0);
        var arrivals = await ArrivalsAsync();
        var seconds = Stopwatch.GetElapsedTime(arrivals.Min(a => a.At), arrivals.Max(a => a.At)).TotalSeconds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"drained in {seconds:0.0} s, {Backlog / seconds:0}/s"));
        Figures.PrintAtMost("webhooks-memory-end/after-a-tenth", (double)latest / early, 1.25);
    }

    private async Task MeasureIdleAsync()
    {
        await using var webhooks = await WebhooksUnderTest.StartInProcessAsync(_cancellationToken);
        await webhooks.AddEndpointsAsync(1, HooksUrl, _cancellationToken);
        var latencies = await SpreadAsync(webhooks, webhooks.Merchants, IdleEvents, perSecond: 20);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"\nIdle, from the event's commit to its receipt: p50 {Percentile(latencies, 50):0.0} ms, p99 {Percentile(latencies, 99):0.0} ms"));
    }

    private async Task MeasureHangingAsync()
    {
        Console.WriteLine($"\n{ManyEndpoints} endpoints, {SpreadPerSecond} events a second over all of them for {SpreadSeconds} s, from commit to receipt:");
        var latencies = new Figures("milliseconds");
        foreach (var (name, hanging) in new[] { ("none hangs", 0), ($"{HangingEndpoints} hang", HangingEndpoints) })
        {
            await using var webhooks = await WebhooksUnderTest.StartInProcessAsync(_cancellationToken);
            await webhooks.AddEndpointsAsync(hanging, new Uri(_receiver, BenchReceiver.HangPath).ToString(), _cancellationToken);
            var good = await webhooks.AddEndpointsAsync(ManyEndpoints - hanging, HooksUrl, _cancellationToken);
            await SpreadAsync(webhooks, good, SpreadPerSecond * 2, SpreadPerSecond); // Compiles it.
            var measured = await SpreadAsync(webhooks, good, SpreadPerSecond * SpreadSeconds, SpreadPerSecond);
            latencies.Add($"good endpoints, {name}, p50", Percentile(measured, 50));
            latencies.Add($"good endpoints, {name}, p99", Percentile(measured, 99));
        }

        latencies.Print();
        Figures.PrintAtMost(
            "webhooks-p99-with-hanging/without",
            latencies.Median($"good endpoints, {HangingEndpoints} hang, p99") / latencies.Median("good endpoints, none hangs, p99"), 2);
    }

    /// <summary>Stores events at a rate, in turn for every endpoint; how long those of the good ones took, sorted, in ms.</summary>
    private async Task<double[]> SpreadAsync(WebhooksUnderTest webhooks, IReadOnlyList<Guid> good, int events, int perSecond)
    {
        var (committed, isGood) = (new Dictionary<string, long>(), good.ToHashSet());
        var began = Stopwatch.GetTimestamp();
        for (var number = 0; number < events; number++)
        {
            var due = TimeSpan.FromSeconds((double)number / perSecond) - Stopwatch.GetElapsedTime(began);
            if (due > TimeSpan.Zero)
            {
                await Task.Delay(due, TimeProvider.System, _cancellationToken);
            }

            var merchant = webhooks.Merchants[number * 7 % webhooks.Merchants.Count]; // 7: in another order than they were added.
            var told = new OwnerEvent(
                WebhooksUnderTest.NewId(), merchant, Mode.Test, "payment.completed", TimeProvider.System.GetUtcNow(),
                JsonDocument.Parse(WebhooksUnderTest.Body).RootElement);
            await webhooks.Intake.StoreAsync(AnnouncePaymentCompleted.Queue, told, _cancellationToken);
            if (isGood.Contains(merchant))
            {
                committed[told.Id.ToString()] = Stopwatch.GetTimestamp();
            }
        }

        await UntilAsync(async () => await CountAsync() >= committed.Count);
        return [.. (await ArrivalsAsync()).Where(arrival => committed.ContainsKey(arrival.EventId))
            .Select(arrival => Stopwatch.GetElapsedTime(committed[arrival.EventId], arrival.At).TotalMilliseconds).Order()];
    }

    private static double Percentile(double[] sorted, double percent) => sorted[(int)Math.Ceiling(percent / 100 * sorted.Length) - 1];

    private async Task<bool> ReceiverAnswersAsync()
    {
        try
        {
            return await CountAsync() == 0;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private Task<int> CountAsync() => _http.GetFromJsonAsync<int>(new Uri(_receiver, BenchReceiver.CountPath), _cancellationToken);

    private async Task<IReadOnlyList<BenchReceiver.Arrival>> ArrivalsAsync() =>
        (await _http.GetFromJsonAsync<BenchReceiver.Arrival[]>(new Uri(_receiver, BenchReceiver.ArrivalsPath), _cancellationToken))!;

    private async Task UntilAsync(Func<Task<bool>> condition)
    {
        var began = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(began).TotalSeconds > DrainTimeoutSeconds)
            {
                throw new TimeoutException($"not done after {DrainTimeoutSeconds} s.");
            }

            await Task.Delay(Pause, TimeProvider.System, _cancellationToken);
        }
    }
}
