using ArdorQr.Benchmarks.Hosting;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.Testing;

namespace ArdorQr.Benchmarks.Messaging;

/// <summary>
/// Our outbox, from committed rows to consumed messages, beside the two clients by themselves and Wolverine's outbox.
/// </summary>
internal static class MessagingBench
{
    private const double DrainOfRaw = 0.5;
    private const double DrainOfWolverine = 2;
    private const double LatencyOfWolverine = 1.25;
    private const double WritersOfWolverine = 1.25;
    private const double LeftSeconds = 5;
    private const double LeftOfDrain = 0.9; // The same rate, but for what one round differs from another.

    private const string Ours = "ours";
    private const string Raw = "raw Npgsql and RabbitMQ.Client";
    private const string Wolverine = "Wolverine";

    public static async Task RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        await using var postgres = await DurablePostgres.StartAsync(cancellationToken);
        await using var rabbit = await DurableRabbit.StartAsync(cancellationToken);
        await postgres.PrintSettingsAsync(cancellationToken);
        await using var queue = await BenchQueue.StartAsync(rabbit.Uri, cancellationToken);
        PrintSettings(options, queue);
        await using var database = await TestDatabase.CreateAsync(typeof(ServiceDatabase).Assembly, cancellationToken);
        foreach (var peer in new[] { BenchSender.Raw, BenchSender.Wolverine })
        {
            await postgres.ExecuteAsync(null, $"CREATE DATABASE {peer}", cancellationToken);
        }

        Task<SenderProcess> StartAsync(string side, string name, string connection) =>
            SenderProcess.StartAsync(side, name, connection, rabbit.Uri, cancellationToken);
        await using var ours = await StartAsync(BenchSender.Ours, "ours", database.ConnectionString);
        await using var raw = await StartAsync(BenchSender.Raw, "raw", postgres.ConnectionString(BenchSender.Raw, pooling: true));
        await using var wolverine = await StartAsync(
            BenchSender.Wolverine, "wolverine", postgres.ConnectionString(BenchSender.Wolverine, pooling: true));
        var run = new MessagingRun(options, queue, cancellationToken);
        Console.WriteLine("Warming up, this doesn't count:");
        foreach (var (name, sender) in new[] { (Ours, ours), (Raw, raw), (Wolverine, wolverine) })
        {
            await run.WarmUpAsync(name, sender);
        }

        for (var round = 0; round < options.Rounds; round++)
        {
            await run.DrainAsync(Raw, raw, MessagingRun.DrainMessages);
            await run.DrainAsync(Ours, ours, MessagingRun.DrainMessages);
            await run.DrainAsync(Wolverine, wolverine, MessagingRun.WolverineDrainMessages);
            foreach (var (name, sender) in new[] { (Ours, ours), (Wolverine, wolverine) })
            {
                await run.IdleAsync(name, sender);
                await run.WritersAsync(name, sender);
            }

            await using var doomed = await StartAsync(BenchSender.Ours, $"doomed-{round}", database.ConnectionString);
            await run.KillAsync(doomed, ours);
        }

        Print(run);
    }

    private static void PrintSettings(BenchOptions options, BenchQueue queue) => Console.WriteLine(
        $"""
        {queue.Server}: one durable quorum queue behind a fanout exchange of each side; its one consumer is the same for all:
          prefetch {BenchQueue.Prefetch}, acknowledges every {BenchQueue.AcknowledgeEvery}, does nothing else
        {options.Rounds} rounds, the sides take turns, each sender is a process of its own; one event of {BenchMessage.Bytes} bytes of JSON
        ours: AddMessaging as every service has it; drain: {MessagingRun.DrainMessages} rows of one commit that nobody holds in memory, read by the relay
        raw: {RawOutbox.Batch} rows locked and published at once, mandatory, confirms tracked, removed in the same transaction; {MessagingRun.DrainMessages} rows
        Wolverine {WolverineOutbox.Version}: {WolverineOutbox.Settings}
          drain: {MessagingRun.WolverineDrainMessages} rows of one commit, sent from its memory, its fastest way (of rows left behind it reads 100 every 5 s)
        idle: {MessagingRun.IdleMessages} transactions with one message each, {MessagingRun.IdlePerSecond} a second
        {MessagingRun.Writers} writers: {options.Seconds} s, one message per transaction, from the first commit to the last arrival
        killed: SIGKILL after {MessagingRun.KillAfter} of {MessagingRun.KilledMessages} messages of one commit; another process of the same service stands by
        Senders, consumer, PostgreSQL and RabbitMQ share the cores
        """);

    private static void Print(MessagingRun run)
    {
        foreach (var figures in new[] { run.Drains, run.Idle, run.Writing, run.Left, run.Work })
        {
            figures.Print();
        }

        Console.WriteLine();
        Figures.PrintAtLeast("messaging-drain/raw", run.Drains.MedianRatio(Ours, Raw), DrainOfRaw);
        Figures.PrintAtLeast("messaging-drain/wolverine", run.Drains.MedianRatio(Ours, Wolverine), DrainOfWolverine);
        Figures.PrintAtMost("messaging-idle-p50/wolverine", run.Idle.MedianRatio($"{Ours} p50", $"{Wolverine} p50"), LatencyOfWolverine);
        Figures.PrintAtMost("messaging-idle-p99/wolverine", run.Idle.MedianRatio($"{Ours} p99", $"{Wolverine} p99"), LatencyOfWolverine);
        Figures.PrintAtLeast($"messaging-{MessagingRun.Writers}-writers/wolverine", run.Writing.MedianRatio(Ours, Wolverine), WritersOfWolverine);
        Figures.PrintAtMost("messaging-left-seconds", run.Left.Worst(MessagingRun.LeftSeconds), LeftSeconds); // Each of them.
        Figures.PrintAtLeast("messaging-left/drain", run.Left.Median(MessagingRun.LeftRate) / run.Drains.Median(Ours), LeftOfDrain);
    }
}
