using System.Globalization;

namespace ArdorQr.Benchmarks;

/// <summary>What the command line may change.</summary>
internal sealed record BenchOptions
{
    private const int MaxSeconds = 600;
    private const int MaxRounds = 50;

    /// <summary>How long one measurement of one part takes.</summary>
    public int Seconds { get; private init; } = 4;

    /// <summary>How often the parts take turns; the medians are shown.</summary>
    public int Rounds { get; private init; } = 3;

    public bool Memory { get; private init; }

    public bool Audit { get; private init; }

    /// <summary>One part of a bench that has several; null means all.</summary>
    public string? Part { get; private init; }

    /// <summary>Null when an argument isn't known or out of range.</summary>
    public static BenchOptions? TryParse(ReadOnlySpan<string> arguments)
    {
        var options = new BenchOptions();
        for (; arguments.Length > 0; arguments = arguments[1..])
        {
            switch (arguments)
            {
                case ["--memory", ..]:
                    options = options with { Memory = true };
                    break;
                case ["--audit", ..]:
                    options = options with { Audit = true };
                    break;
                case ["--seconds", var text, ..] when TryNumber(text, MaxSeconds) is { } seconds:
                    options = options with { Seconds = seconds };
                    arguments = arguments[1..];
                    break;
                case ["--rounds", var text, ..] when TryNumber(text, MaxRounds) is { } rounds:
                    options = options with { Rounds = rounds };
                    arguments = arguments[1..];
                    break;
                case ["--part", var part, ..]:
                    options = options with { Part = part };
                    arguments = arguments[1..];
                    break;
                default:
                    return null;
            }
        }

        return options;
    }

    private static int? TryNumber(string text, int max) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= max
            ? number
            : null;
}
