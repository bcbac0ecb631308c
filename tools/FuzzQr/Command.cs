using System.Diagnostics;
using System.Globalization;

namespace ArdorQr.FuzzQr;

/// <summary>The command: reads mutated codes by two readers, and says where they differ.</summary>
internal static class Command
{
    public const int Same = 0;
    public const int Different = 1;
    public const int Unusable = 2;

    public const int DefaultIterations = 1_000_000;
    public const int DefaultSeed = 56_042;

    private const int MaxDifferencesShown = 20;

    private const string Usage =
        """
        Reads mutations of the sample codes by Payments' reader and by a second, naive one, and compares.

          fuzz-qr [--iterations <n>] [--seed <n>]

        The same seed makes the same codes. Ends with 0 when the readers agree, 1 when they don't or one has thrown.
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
        return result.Differences.Count == 0 ? Same : Different;
    }

    private static (int Iterations, int Seed)? Parse(string[] args)
    {
        var (iterations, seed) = (DefaultIterations, DefaultSeed);
        for (var i = 0; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length || !int.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
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
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count,10}  {outcome}"));
        }

        var missed = Fuzzing.SampleOutcomes.Except(result.Coverage.Keys).ToList();
        Console.WriteLine(missed.Count == 0
            ? $"Every outcome of the samples was reached, {Fuzzing.SampleOutcomes.Count} of them."
            : $"Not reached: {string.Join(", ", missed)}");
        foreach (var difference in result.Differences.Take(MaxDifferencesShown))
        {
            Console.WriteLine(difference);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{iterations} iterations, seed {seed}, {elapsed.TotalSeconds:0.0} s: {result.Differences.Count} differences"));
    }
}
