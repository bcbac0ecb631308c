using System.Diagnostics;
using ArdorQr.Chaos.Check;
using ArdorQr.Chaos.Hosting;

namespace ArdorQr.Chaos;

/// <summary>
/// The command behind <c>./chaos</c>. Not top-level statements: the services' own are all called Program.
/// </summary>
internal static class ChaosProgram
{
    private const int Failed = 2;
    private const int Interrupted = 130;

    private static async Task<int> Main(string[] args)
    {
        if (ChaosOptions.Parse(args) is not { } options)
        {
            await Console.Error.WriteLineAsync(ChaosOptions.Usage);
            return Failed;
        }

        using var interrupted = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true; // The servers are ended in order on the way out.
            interrupted.Cancel();
        };
        try
        {
            return await RunAsync(options, interrupted.Token);
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            return Interrupted;
        }
        catch (Exception exception) when (exception is InvalidOperationException or TimeoutException)
        {
            await Console.Error.WriteLineAsync($"error: {exception.Message}");
            return Failed;
        }
    }

    private static async Task<int> RunAsync(ChaosOptions options, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        void Report(string line) => Console.WriteLine($"[{Stopwatch.GetElapsedTime(began).TotalSeconds,6:F1}] {line}");

        Report($"chaos   {options.Minutes} min, seed {options.Seed}");
        await using var run = await ChaosRun.StartAsync(options, ChaosFolder.Create(), Report, cancellationToken);
        await run.LoadAsync(
            TimeSpan.FromMinutes(options.Minutes), enough => run.HarmAsync(enough, cancellationToken),
            cancellationToken);
        var wanting = run.ReportDone();
        var (findings, _) = await run.JudgeAsync(comparesBooks: true, cancellationToken);
        Show(findings, Report);
        var plants = new List<(string, Findings)>();
        foreach (var plant in Plant.Names.Where(plant => findings.IsProven && options.Plants.Contains(plant)))
        {
            var found = await run.JudgePlantedAsync(plant, cancellationToken);
            Show(found, Report);
            plants.Add((plant, found));
        }

        var verdict = Verdict.Of(findings, wanting, options.Plants, plants);
        Report($"VERDICT {verdict.Line}");
        return verdict.ExitCode;
    }

    private static void Show(Findings findings, Action<string> report)
    {
        foreach (var line in findings.Lines())
        {
            report(line);
        }
    }
}
