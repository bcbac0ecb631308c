using System.Diagnostics;
using System.Globalization;

namespace ArdorQr.Benchmarks.Messaging;

/// <summary>The measurements, each of one side at a time, and what they gave.</summary>
internal sealed class MessagingRun(BenchOptions options, BenchQueue queue, CancellationToken cancellationToken)
{
    public const int DrainMessages = 20_000;
    public const int WolverineDrainMessages = 2_000; // It takes as many seconds, about.
    public const int IdleMessages = 300;
    public const int IdlePerSecond = 30;
    public const int Writers = 16;
    public const int KilledMessages = 10_000;
    public const int KillAfter = 1_000;

    public const string LeftSeconds = "seconds from its end until they are sent";
    public const string LeftRate = "messages per second from then on";

    private const int WarmUpMessages = 2_000;
    private const int WarmUpSeconds = 2;
    private const int TimeoutSeconds = 120;

    /// <summary>What is on its way when a process is killed, arrives within it.</summary>
    private const int OnTheWayMilliseconds = 300;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public Figures Drains { get; } = new("drain, messages per second");

    public Figures Idle { get; } = new("idle, milliseconds from commit to consumed");

    public Figures Writing { get; } = new($"{Writers} writers, messages per second");

    public Figures Left { get; } = new("rows of a process that was killed");

    public Figures Work { get; } = new("the sender's CPU, ms per 1,000 messages");

    public async Task WarmUpAsync(string name, SenderProcess sender)
    {
        var first = await DrainOnceAsync(sender, WarmUpMessages);
        var bytes = queue.LastBytes;
        var committed = await sender.CommitSideBySideAsync(Writers, WarmUpSeconds, cancellationToken);
        await TakeAsync(sender, committed.Length);
        Say($"{name}: {first.PerSecond:0}/s, {bytes} bytes a message at the broker");
    }

    public async Task DrainAsync(string name, SenderProcess sender, int count)
    {
        var (rate, twice, used) = await DrainOnceAsync(sender, count);
        Drains.Add(name, rate);
        Work.Add($"{name}, drain", used);
        Say($"{name}, drain: {rate:0}/s, {twice} sent twice, {used:0} ms of CPU per 1,000");
    }

    public async Task IdleAsync(string name, SenderProcess sender)
    {
        var committed = await sender.CommitSingleAsync(IdleMessages, IdlePerSecond, cancellationToken);
        var arrived = FirstArrivals(await TakeAsync(sender, IdleMessages));
        var latencies = committed
            .Select(moment => Stopwatch.GetElapsedTime(moment.At, arrived[moment.EventId]).TotalMilliseconds).Order().ToList();
        var (p50, p99) = (latencies[(IdleMessages / 2) - 1], latencies[(IdleMessages * 99 / 100) - 1]);
        Idle.Add($"{name} p50", p50);
        Idle.Add($"{name} p99", p99);
        Say($"{name}, idle: p50 {p50:0.00} ms, p99 {p99:0.00} ms");
    }

    /// <summary>
    /// From the first commit to the last arrival: what is committed faster than it is sent doesn't count as fast.
    /// </summary>
    public async Task WritersAsync(string name, SenderProcess sender)
    {
        var (before, began) = (sender.ProcessorTime, Stopwatch.GetTimestamp());
        var committed = await sender.CommitSideBySideAsync(Writers, options.Seconds, cancellationToken);
        var commits = committed.Length / Stopwatch.GetElapsedTime(began).TotalSeconds;
        var arrivals = await TakeAsync(sender, committed.Length);
        var used = (sender.ProcessorTime - before).TotalMilliseconds * 1_000 / committed.Length;
        var arrived = FirstArrivals(arrivals);
        var rate = committed.Length / Stopwatch.GetElapsedTime(committed.Min(moment => moment.At), arrived.Values.Max()).TotalSeconds;
        Writing.Add($"{name}", rate);
        Work.Add($"{name}, {Writers} writers", used);
        var twice = arrivals.Count - arrived.Count;
        Say($"{name}, {Writers} writers: {commits:0}/s committed, {rate:0}/s through, {twice} sent twice, {used:0} ms of CPU per 1,000");
    }

    /// <summary>Kills a sender in the middle of its work, beside which another one stands by.</summary>
    public async Task KillAsync(SenderProcess doomed, SenderProcess other)
    {
        await doomed.BurstAsync(KilledMessages, cancellationToken);
        await queue.UntilAsync(KillAfter, TimeoutSeconds, cancellationToken);
        doomed.Kill();
        var killed = Stopwatch.GetTimestamp();
        var arrivals = await TakeAsync(other, KilledMessages);
        var arrived = FirstArrivals(arrivals);
        var later = arrived.Values.Where(at => Stopwatch.GetElapsedTime(killed, at).TotalMilliseconds > OnTheWayMilliseconds)
            .Order().ToList();
        var seconds = Stopwatch.GetElapsedTime(killed, later[0]).TotalSeconds;
        var rate = (later.Count - 1) / Stopwatch.GetElapsedTime(later[0], later[^1]).TotalSeconds;
        Left.Add(LeftSeconds, seconds);
        Left.Add(LeftRate, rate);
        Left.Add("messages sent twice", arrivals.Count - arrived.Count);
        Say($"killed: {later.Count} rows left, sent after {seconds:0.0} s at {rate:0}/s");
    }

    /// <summary>From the first message's arrival to that of the last different one: repetitions are no work done.</summary>
    private async Task<(double PerSecond, int Twice, double Used)> DrainOnceAsync(SenderProcess sender, int count)
    {
        var before = sender.ProcessorTime;
        await sender.LeaveAsync(count, cancellationToken);
        var arrivals = await TakeAsync(sender, count);
        var arrived = FirstArrivals(arrivals);
        var rate = (arrived.Count - 1) / Stopwatch.GetElapsedTime(arrived.Values.Min(), arrived.Values.Max()).TotalSeconds;
        return (rate, arrivals.Count - arrived.Count, (sender.ProcessorTime - before).TotalMilliseconds * 1_000 / count);
    }

    /// <summary>
    /// Waits until so many different messages came and their rows are gone, so that nothing falls into the next part.
    /// </summary>
    private async Task<IReadOnlyList<Moment>> TakeAsync(SenderProcess sender, int count)
    {
        await queue.UntilAsync(count, TimeoutSeconds, cancellationToken);
        var began = Stopwatch.GetTimestamp();
        while (await sender.RowsAsync(cancellationToken) > 0)
        {
            if (Stopwatch.GetElapsedTime(began).TotalSeconds > TimeoutSeconds)
            {
                throw new TimeoutException($"Rows are still there after {TimeoutSeconds} s.");
            }

            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
        }

        await queue.UntilQuietAsync(cancellationToken); // What was sent twice is still coming.
        var taken = queue.Take();
        if (FirstArrivals(taken).Count is var distinct && distinct != count)
        {
            throw new InvalidOperationException($"{count} messages were committed, {distinct} different ones came.");
        }

        return taken;
    }

    private static Dictionary<Guid, long> FirstArrivals(IReadOnlyList<Moment> arrivals) =>
        arrivals.GroupBy(moment => moment.EventId).ToDictionary(group => group.Key, group => group.Min(moment => moment.At));

    private static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
