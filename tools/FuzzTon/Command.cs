using System.Diagnostics;
using System.Globalization;

namespace ArdorQr.FuzzTon;

/// <summary>
/// The command: reads mutated bags of cells and addresses, and says what was reached and what went wrong.
/// </summary>
internal static class Command
{
    public const int Ok = 0;
    public const int Wrong = 1;
    public const int Unusable = 2;

    public const int DefaultIterations = 1_000_000;
    public const int DefaultSeed = 20_251_124;

    private const int MaxFaultsShown = 20;

    private const string Usage =
        """
        Reads mutations of the sample bags of cells and addresses with the TON codec: each is read or refused, within a
        bound of time and memory; what was read is written and read again.

          fuzz-ton [--iterations <n>] [--seed <n>]

        The same seed makes the same inputs. Ends with 0 when all is well, 1 when it isn't.
        """;

    public static int Main(string[] args)
    {
        if (Parse(args) is not var (iterations, seed))
        {
            Console.WriteLine(Usage);
            return Unusable;
        }

        var began = Stopwatch.GetTimestamp();
        var result = Fuzzing.Run(iterations, seed);
        Print(result, iterations, seed, Stopwatch.GetElapsedTime(began));
        return result.Faults.Count == 0 ? Ok : Wrong;
    }

    private static (int Iterations, int Seed)? Parse(string[] args)
    {
        var (iterations, seed) = (DefaultIterations, DefaultSeed);
        for (var i = 0; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length
                || !int.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                return null;
            }

            switch (args[i])
            {
                case "--iterations":
                    iterations = number;
                    break;
                case "--seed":
                    seed = number;
                    break;
                default:
                    return null;
            }
        }

        return (iterations, seed);
    }

    private static void Print(FuzzResult result, int iterations, int seed, TimeSpan elapsed)
    {
        Console.WriteLine("Coverage: how often each outcome was reached.");
        foreach (var (outcome, count) in result.Coverage.OrderByDescending(row => row.Value))
        {
            Console.WriteLine($"{count,10}  {outcome}");
        }

        var missed = Refusals.All.Where(refusal => !result.Coverage.ContainsKey(Fuzzing.RefusedPrefix + refusal)).ToList();
        Console.WriteLine($"Refusals of the bag reader reached: {Refusals.All.Count - missed.Count} of {Refusals.All.Count}");
        foreach (var refusal in missed)
        {
            Console.WriteLine($"  not reached: {refusal}");
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"The slowest input took {result.Slowest.TotalMilliseconds:0.0} ms, the hungriest {result.MostBytes / 1024} KiB"));
        foreach (var fault in result.Faults.Take(MaxFaultsShown))
        {
            Console.WriteLine($"FAULT {fault}");
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{iterations} iterations, seed {seed}, {elapsed.TotalSeconds:0.0} s: {result.Faults.Count} faults"));
    }
}
