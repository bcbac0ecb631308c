using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ArdorQr.Benchmarks.Hosting;

/// <summary>A program that runs beside the bench, its output in a file; told to end by SIGTERM.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int StartTimeoutSeconds = 180;

    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly Process _process;
    private readonly string _log;

    public ChildProcess(
        string name, IEnumerable<string> command, IReadOnlyDictionary<string, string?> environment)
    {
        _log = Path.Combine(BenchFolder.Path, $"{name}.log");
        // Not sh: dash loses variables with a hyphen, and settings have them.
        var start = new ProcessStartInfo("/bin/bash") { WorkingDirectory = BenchFolder.Path };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("log=$1; shift; exec \"$@\" >\"$log\" 2>&1");
        start.ArgumentList.Add("bash");
        start.ArgumentList.Add(_log);
        foreach (var argument in command)
        {
            start.ArgumentList.Add(argument);
        }

        // The load generator's own tuning is none of the measured program's.
        start.Environment.Remove("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS");
        foreach (var (key, value) in environment)
        {
            start.Environment[key] = value;
        }

        _process = Process.Start(start)!;
    }

    /// <summary>The memory that the process holds now, MiB.</summary>
    public long ResidentMebibytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64 / (1024 * 1024);
        }
    }

    /// <summary>The processor time that it has used, all threads together.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>The same of all that it has started too: a server's own processes.</summary>
    public TimeSpan TreeProcessorTime => ProcessTree.ProcessorTime(_process.Id);

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <exception cref="InvalidOperationException">It ended, or wasn't ready in three minutes; with the end of its log.</exception>
    public async Task WaitUntilAsync(Func<Task<bool>> ready, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        while (!await ready())
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(began).TotalSeconds > StartTimeoutSeconds)
            {
                var lines = await File.ReadAllLinesAsync(_log, cancellationToken);
                throw new InvalidOperationException(
                    $"{Path.GetFileName(_log)}: it did not start:\n{string.Join('\n', lines.TakeLast(20))}");
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    /// <summary>Ends it as a crash does.</summary>
    public void Kill() => _process.Kill();

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            using var kill = Process.Start("/bin/kill", ["-TERM", $"{_process.Id}"]);
            using var timeout = new CancellationTokenSource(EndTimeout);
            try
            {
                await _process.WaitForExitAsync(timeout.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
            }
        }

        _process.Dispose();
    }
}
