using System.Globalization;

namespace ArdorQr.Benchmarks;

/// <summary>Figures by name, one per round; printed side by side with their medians.</summary>
internal sealed class Figures(string unit)
{
    private const int NameWidth = 44;
    private const int ColumnWidth = 11;

    private readonly List<(string Name, List<double> Values)> _rows = [];

    public void Add(string name, double value)
    {
        if (_rows.Find(row => row.Name == name).Values is not { } values)
        {
            _rows.Add((name, values = []));
        }

        values.Add(value);
    }

    public double Median(string name) => MedianOf(_rows.Find(row => row.Name == name).Values);

    /// <summary>The greatest, of what each round must keep to.</summary>
    public double Worst(string name) => _rows.Find(row => row.Name == name).Values.Max();

    /// <summary>The median over the rounds of one figure by another: what disturbs a round disturbs both.</summary>
    public double MedianRatio(string name, string peer)
    {
        var (ours, theirs) = (_rows.Find(row => row.Name == name).Values, _rows.Find(row => row.Name == peer).Values);
        return MedianOf([.. ours.Zip(theirs, (our, their) => our / their)]);
    }

    public void Print()
    {
        var rounds = _rows.Max(row => row.Values.Count);
        var header = string.Concat(Enumerable.Range(1, rounds).Select(round => $"round {round}".PadLeft(ColumnWidth)));
        Console.WriteLine($"\n{unit.PadRight(NameWidth)}{"median",ColumnWidth}{header}");
        foreach (var (name, values) in _rows)
        {
            var columns = string.Concat(values.Select(value => Text(value).PadLeft(ColumnWidth)));
            Console.WriteLine($"{name.PadRight(NameWidth)}{Text(MedianOf(values)),ColumnWidth}{columns}");
        }
    }

    /// <summary>The line that says whether a goal was met: <c>ratio NAME VALUE goal &gt;=NUMBER met|missed</c>.</summary>
    public static void PrintAtLeast(string name, double value, double goal) =>
        PrintGoal(name, value, $">={goal.ToString(CultureInfo.InvariantCulture)}", value >= goal);

    /// <inheritdoc cref="PrintAtLeast"/>
    public static void PrintAtMost(string name, double value, double goal) =>
        PrintGoal(name, value, $"<={goal.ToString(CultureInfo.InvariantCulture)}", value <= goal);

    private static void PrintGoal(string name, double value, string goal, bool met) =>
        Console.WriteLine($"ratio {name} {value.ToString("0.00", CultureInfo.InvariantCulture)} goal {goal} {(met ? "met" : "missed")}");

    private static string Text(double value) =>
        value.ToString(value < 100 ? "0.00" : "0", CultureInfo.InvariantCulture);

    private static double MedianOf(List<double> values)
    {
        var sorted = values.Order().ToList();
        var middle = sorted.Count / 2;
        return sorted.Count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
