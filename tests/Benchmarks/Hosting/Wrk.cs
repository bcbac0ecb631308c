using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace ArdorQr.Benchmarks.Hosting;

/// <summary>wrk, the HTTP load generator of the distribution: a fixed number of connections, each with one request at a time.</summary>
internal static partial class Wrk
{
    private const int Threads = 2;
    private const int Connections = 64;

    /// <summary>Takes its turn with each key; the requests are made beforehand.</summary>
    private const string Script =
        """
        local requests, turn = {}, 0
        function init(args)
          for key in io.lines(args[1]) do
            requests[#requests + 1] = wrk.format("GET", nil, { ["Authorization"] = "Bearer " .. key, ["Host"] = "127.0.0.1" })
          end
          turn = math.random(#requests)
        end
        function request()
          turn = turn % #requests + 1
          return requests[turn]
        end
        """;

    /// <summary>What one run came to.</summary>
    internal sealed record Result(double PerSecond, double P99Milliseconds, long Failed);

    /// <param name="port">Of the target, on the loopback interface.</param>
    /// <param name="path">What is asked for.</param>
    /// <param name="keysFile">A file with one API key a line.</param>
    /// <param name="seconds">How long.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<Result> RunAsync(
        int port, string path, string keysFile, int seconds, CancellationToken cancellationToken)
    {
        var script = Path.Combine(BenchFolder.Path, "keys.lua");
        await File.WriteAllTextAsync(script, Script, cancellationToken);
        using var process = Process.Start(new ProcessStartInfo("wrk",
        [
            $"-t{Threads}", $"-c{Connections}", $"-d{seconds}s", "--latency", "-s", script,
            $"http://127.0.0.1:{port}{path}", "--", keysFile,
        ])
        { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0 && Rate().Match(output) is { Success: true } rate && P99().Match(output) is { Success: true } p99
            ? new Result(Number(rate), Number(p99) * UnitOf(p99), Failures().Match(output) is { Success: true } failed
                ? long.Parse(failed.Groups[1].Value, CultureInfo.InvariantCulture) : 0)
            : throw new InvalidOperationException($"wrk failed:\n{output}\n{await errors}");
    }

    private static double Number(Match match) => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);

    private static double UnitOf(Match match) => match.Groups[2].Value switch
    {
        "us" => 0.001,
        "ms" => 1,
        _ => 1_000,
    };

    [GeneratedRegex(@"Requests/sec:\s+([\d.]+)")]
    private static partial Regex Rate();

    [GeneratedRegex(@"99%\s+([\d.]+)(us|ms|s)")]
    private static partial Regex P99();

    [GeneratedRegex(@"Non-2xx or 3xx responses: (\d+)")]
    private static partial Regex Failures();
}
