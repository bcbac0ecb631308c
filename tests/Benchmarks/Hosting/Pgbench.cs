using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace ArdorQr.Benchmarks.Hosting;

/// <summary>PostgreSQL's own load generator with a script of this project, over TCP like everything else here.</summary>
internal static partial class Pgbench
{
    private const int Threads = 2;

    /// <summary>Runs a script for a while and returns the transactions per second.</summary>
    /// <param name="server">Where.</param>
    /// <param name="database">On which database.</param>
    /// <param name="script">The script's name, an embedded file.</param>
    /// <param name="clients">Connections, each with one transaction at a time.</param>
    /// <param name="seconds">How long.</param>
    /// <param name="variables">The script's variables.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<double> RunAsync(
        DurablePostgres server, string database, string script, int clients, int seconds,
        IReadOnlyDictionary<string, long> variables, CancellationToken cancellationToken)
    {
        var file = Path.Combine(BenchFolder.Path, script);
        await File.WriteAllTextAsync(file, SqlFile.Read(script), cancellationToken);
        string[] arguments =
        [
            "--no-vacuum", "--protocol=prepared", $"--client={clients}", $"--jobs={Math.Min(clients, Threads)}",
            $"--time={seconds}", $"--file={file}", "--host=127.0.0.1", $"--port={server.Port}", "--username=postgres",
            .. variables.Select(variable => $"--define={variable.Key}={variable.Value}"), database,
        ];
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(server.Binaries, "pgbench"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["PGPASSWORD"] = server.Password },
        })!;
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0 && Tps().Match(output) is { Success: true } tps
            ? double.Parse(tps.Groups[1].Value, CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"pgbench {script} failed:\n{output}\n{await errors}");
    }

    [GeneratedRegex(@"tps = ([\d.]+)")]
    private static partial Regex Tps();
}
