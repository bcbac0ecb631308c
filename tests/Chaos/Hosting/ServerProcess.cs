using System.Diagnostics;
using System.Globalization;

namespace ArdorQr.Chaos.Hosting;

/// <summary>
/// A program that can be started, killed, paused and stopped over and over. Its output of all starts is in one file.
/// What is signalled is the program itself, found below the script that started it where there is one.
/// </summary>
internal sealed class ServerProcess(
    string name, string folder, IReadOnlyList<string> command, IReadOnlyDictionary<string, string?> environment)
    : IAsyncDisposable
{
    private const int StartTimeoutSeconds = 180;
    private const int EndTimeoutSeconds = 60;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>What was killed may still hold its port or its files, so that the next one ends too.</summary>
    private static readonly TimeSpan LeastBetweenStarts = TimeSpan.FromSeconds(1);

    private Process? _process;
    private long _startedAt;

    public string Name => name;

    public string Log { get; } = Path.Combine(folder, $"{name}.log");

    public bool IsRunning => _process is { HasExited: false };

    /// <summary>The program's own name where a script stands before it, as the kernel knows it ("beam.smp").</summary>
    public string? ProgramName { get; init; }

    public void Start()
    {
        // Not sh: dash loses variables with a hyphen, and settings have them.
        var start = new ProcessStartInfo("/bin/bash") { WorkingDirectory = folder };
        foreach (var argument in (string[])["-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1", "bash", Log, .. command])
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (key, value) in environment)
        {
            start.Environment[key] = value;
        }

        _process?.Dispose();
        _process = Process.Start(start)!;
        _startedAt = Stopwatch.GetTimestamp();
    }

    /// <summary>Runs it to its end.</summary>
    /// <exception cref="InvalidOperationException">It failed; with the end of its log.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Start();
        await _process!.WaitForExitAsync(cancellationToken);
        if (_process.ExitCode != 0)
        {
            throw await FailureAsync(cancellationToken);
        }
    }

    /// <exception cref="InvalidOperationException">It wasn't ready in three minutes; with the end of its log.</exception>
    public async Task ReadyAsync(Func<Task<bool>> ready, bool restart, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        while (!IsRunning || !await ready())
        {
            if (!IsRunning && restart && Stopwatch.GetElapsedTime(_startedAt) > LeastBetweenStarts)
            {
                Start();
            }

            if ((!IsRunning && !restart) || Stopwatch.GetElapsedTime(began).TotalSeconds > StartTimeoutSeconds)
            {
                throw await FailureAsync(cancellationToken);
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    /// <summary>SIGKILL: it gets no chance to say goodbye.</summary>
    /// <returns>Whether it met the running program.</returns>
    public async Task<bool> KillAsync(CancellationToken cancellationToken)
    {
        var isMet = Signal("KILL", wholeTree: false);
        await EndedAsync(cancellationToken);
        return isMet;
    }

    /// <summary>SIGTERM, and waits until it has ended by itself; it is killed when it doesn't.</summary>
    public async Task<bool> StopAsync(CancellationToken cancellationToken)
    {
        if (!IsRunning)
        {
            return true;
        }

        Send("TERM", [_process!.Id]);
        if (await EndedAsync(cancellationToken))
        {
            return true;
        }

        Signal("KILL", wholeTree: true);
        return false;
    }

    /// <summary>SIGSTOP, to all of its processes: connections stay open and nobody answers.</summary>
    /// <returns>Whether it met the running program.</returns>
    public bool Freeze() => Signal("STOP", wholeTree: true);

    public void Thaw() => _ = Signal("CONT", wholeTree: true);

    public async ValueTask DisposeAsync()
    {
        Thaw();
        await StopAsync(CancellationToken.None);
        _process?.Dispose();
    }

    private async Task<InvalidOperationException> FailureAsync(CancellationToken cancellationToken)
    {
        var lines = await File.ReadAllLinesAsync(Log, cancellationToken);
        return new InvalidOperationException($"{name} failed:\n{string.Join('\n', lines.TakeLast(20))}");
    }

    private async Task<bool> EndedAsync(CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(TimeSpan.FromSeconds(EndTimeoutSeconds));
        try
        {
            await _process!.WaitForExitAsync(timeout.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>False when the program doesn't run, be it that its script does.</summary>
    private bool Signal(string signal, bool wholeTree)
    {
        if (!IsRunning)
        {
            return false;
        }

        var program = ProgramIn(_process!.Id);
        var id = program ?? _process.Id;
        return Send(signal, wholeTree ? [id, .. Descendants(id)] : [id]) && program is not null;
    }

    private int? ProgramIn(int script) => ProgramName is null
        ? script : Descendants(script).Where(id => NameOf(id) == ProgramName).Select(id => (int?)id).FirstOrDefault();

    /// <summary>Whether all of them took it.</summary>
    private static bool Send(string signal, IEnumerable<int> ids)
    {
        string[] arguments = [$"-{signal}", "--", .. ids.Select(id => id.ToString(CultureInfo.InvariantCulture))];
        using var kill = Process.Start(new ProcessStartInfo("/bin/kill", arguments) { RedirectStandardError = true })!;
        kill.WaitForExit();
        return kill.ExitCode == 0;
    }

    private static IEnumerable<int> Descendants(int id) =>
        Children(id).SelectMany(child => Descendants(child).Prepend(child));

    private static int[] Children(int id) =>
        [.. Read($"/proc/{id}/task/{id}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(child => int.Parse(child, CultureInfo.InvariantCulture))];

    private static string NameOf(int id) => Read($"/proc/{id}/comm").Trim();

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (IOException)
        {
            return ""; // It has just ended.
        }
    }
}
