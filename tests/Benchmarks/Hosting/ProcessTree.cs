using System.Globalization;

namespace ArdorQr.Benchmarks.Hosting;

/// <summary>What a process and all that it has started have used, as Linux counts it.</summary>
internal static class ProcessTree
{
    private const double TicksPerSecond = 100; // USER_HZ, on every Linux that .NET runs on.

    /// <summary>The processor time of a process and of its descendants, ended ones too where their parents waited for them.</summary>
    public static TimeSpan ProcessorTime(int root)
    {
        var all = Directory.EnumerateDirectories("/proc")
            .Select(folder => Path.GetFileName(folder))
            .Where(name => name.All(char.IsAsciiDigit))
            .Select(StatOf).OfType<Stat>().ToDictionary(stat => stat.Id);
        var ticks = all.Values.Where(stat => IsWithin(stat, root, all)).Sum(stat => stat.Ticks);
        return TimeSpan.FromSeconds(ticks / TicksPerSecond);
    }

    private sealed record Stat(int Id, int Parent, long Ticks);

    private static bool IsWithin(Stat? stat, int root, Dictionary<int, Stat> all)
    {
        for (; stat is not null; stat = all.GetValueOrDefault(stat.Parent))
        {
            if (stat.Id == root)
            {
                return true;
            }
        }

        return false;
    }

    private static Stat? StatOf(string id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/stat");
            // The name stands in brackets and may hold anything; what follows it is numbers by place.
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            var ticks = fields[11..15].Sum(field => long.Parse(field, CultureInfo.InvariantCulture));
            return new Stat(
                int.Parse(id, CultureInfo.InvariantCulture), int.Parse(fields[1], CultureInfo.InvariantCulture), ticks);
        }
        catch (IOException)
        {
            return null; // It has ended meanwhile.
        }
    }
}
