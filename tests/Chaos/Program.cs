using System.Diagnostics;
using ArdorQr.Chaos.Check;
using ArdorQr.Chaos.Hosting;

namespace ArdorQr.Chaos;

/// <summary>
/// The command behind <c>./chaos</c>. Not top-level statements: the services' own are all called Program.
/// </summary>
internal static class ChaosProgram
{
    private const int Proven = 0;
    private const int Breach = 1;
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
        catch (InvalidOperationException exception)
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
        var (findings, _) = await run.JudgeAsync(cancellationToken);
        Show(findings, Report);
        var proven = findings.IsProven;
        foreach (var plant in options.Plants)
        {
            Report($"plant   {plant}");
            var planted = await run.JudgePlantedAsync(plant, cancellationToken);
            Show(planted, Report);
            proven &= planted.IsProven;
        }

        Report(proven ? "VERDICT everything is proven" : "VERDICT BREACH: what is above isn't as it must be");
        return proven ? Proven : Breach;
    }

    private static void Show(Findings findings, Action<string> report)
    {
        foreach (var line in findings.Lines())
        {
            report(line);
        }
    }
}
