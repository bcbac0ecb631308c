using System.Text.RegularExpressions;
using ArdorQr.Benchmarks.Hosting;

namespace ArdorQr.Benchmarks.Payments;

/// <summary>
/// Where the time of a payment on the idle system goes: each statement of every service in the order in which the server
/// has ended it, with the time of day, the service, and the server's own time for it. Not a measurement: logging costs.
/// </summary>
internal static partial class PaymentTrace
{
    public const string Part = "trace";

    private const int Seconds = 1;
    private const int MaxCharactersShown = 90;

    private static readonly TimeSpan ReloadTime = TimeSpan.FromSeconds(1);

    public static async Task RunAsync(
        DurablePostgres postgres, HouseUnderTest house, PaymentRun run, CancellationToken cancellationToken)
    {
        foreach (var setting in new[] { "log_line_prefix = '%m|%a|'", "log_min_duration_statement = 0" })
        {
            await postgres.ExecuteAsync(null, $"ALTER SYSTEM SET {setting}", cancellationToken);
        }

        await postgres.ExecuteAsync(null, "SELECT pg_reload_conf()", cancellationToken);
        await Task.Delay(ReloadTime, cancellationToken);
        var log = Path.Combine(BenchFolder.Path, "postgres.log");
        var before = new FileInfo(log).Length;
        var result = await run.RunAsync(house.Merchants, 1, Seconds, PaymentRun.AtOnce, cancellationToken);
        Console.WriteLine(
            $"{result.Payments} payments, confirm to completed p50 {RunResult.Percentile(result.Complete, 50):0.0} ms");
        await using var stream = new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        stream.Seek(before, SeekOrigin.Begin);
        using var reader = new StreamReader(stream);
        Print(await reader.ReadToEndAsync(cancellationToken));
    }

    private static void Print(string log)
    {
        foreach (Match entry in Entry().Matches(log))
        {
            var statement = Blanks().Replace(entry.Groups["statement"].Value, " ");
            var shown = statement.Length > MaxCharactersShown ? statement[..MaxCharactersShown] : statement;
            Console.WriteLine($"{entry.Groups["time"].Value} {entry.Groups["service"].Value,-9}{shown}");
        }
    }

    [GeneratedRegex(@"^\S+ (?<time>\d\d:\d\d:\d\d\.\d+) \S+\|(?<service>[^|]*)\|LOG:  duration: (?<statement>.*(?:\n\t.*)*)",
        RegexOptions.Multiline)]
    private static partial Regex Entry();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
