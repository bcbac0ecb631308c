using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using ArdorQr.AppHost.Infrastructure;
using ArdorQr.Testing;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>
/// The scripts that run the servers without a container engine. A server whose script was killed goes on stopping for a
/// while; the next one must not die of it, as nobody would start it once more.
/// </summary>
public sealed class ServerScriptTests : IDisposable
{
    private const int StartSeconds = 60;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ardorqr-scripts-");
    private readonly List<Process> _scripts = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        foreach (var script in _scripts)
        {
            using (script)
            {
                if (!script.HasExited)
                {
                    Signal("TERM", script.Id);
                    script.WaitForExit();
                }
            }
        }

        _folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData("postgres-server", "postgres")]
    [InlineData("rabbitmq-server", "beam")]
    public async Task A_server_waits_until_the_one_before_it_has_stopped(string script, string server)
    {
        int[] ports = [FreePorts.Next(), FreePorts.Next(), FreePorts.Next()];
        var first = Start(script, ports, out _);
        await ListensAsync(ports[0], first);

        // Its script is killed while it can't react: a slow stop.
        var slow = ChildOf(first.Id, server)!.Value;
        Signal("STOP", slow);
        first.Kill();
        var second = Start(script, ports, out var waits);
        await Task.WhenAny(waits, second.WaitForExitAsync(Token)).WaitAsync(TimeSpan.FromSeconds(StartSeconds), Token);
        Signal("CONT", slow);

        Assert.True(waits.IsCompletedSuccessfully);
        await Eventually.TrueAsync(() => Task.FromResult(ChildOf(second.Id, server) is not null), Token, StartSeconds);
        await ListensAsync(ports[0], second);
    }

    private Process Start(string script, int[] ports, out Task waits)
    {
        var data = Path.Combine(_folder.FullName, "data");
        var path = Path.Combine(AppContext.BaseDirectory, "servers", script);
        string[] arguments = script == "postgres-server"
            ? [path, $"{Directory.GetDirectories("/usr/lib/postgresql").Max()}/bin", data, $"{ports[0]}"]
            : [path, data, $"{ports[0]}", $"{ports[1]}", $"{ports[2]}"];
        var start = new ProcessStartInfo("/usr/bin/env", ["--default-signal=INT,QUIT", "bash", .. arguments])
        {
            RedirectStandardOutput = true,
        };
        (start.Environment["POSTGRES_PASSWORD"], start.Environment["RABBITMQ_USER"], start.Environment["RABBITMQ_PASSWORD"]) = ("p", "u", "p");
        var process = Process.Start(start)!;
        _scripts.Add(process);
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data?.StartsWith("waiting for the server before this one", StringComparison.Ordinal) == true)
            {
                waiting.TrySetResult();
            }
        };
        process.BeginOutputReadLine();
        waits = waiting.Task;
        return process;
    }

    private static Task ListensAsync(int port, Process script) => Eventually.TrueAsync(
        async () =>
        {
            Assert.False(script.HasExited, "The script has ended.");
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync("127.0.0.1", port, Token);
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        },
        Token, limitSeconds: StartSeconds);

    private static int? ChildOf(int script, string name)
    {
        using var find = Process.Start(new ProcessStartInfo("pgrep", ["--parent", $"{script}", name]) { RedirectStandardOutput = true })!;
        return int.TryParse(find.StandardOutput.ReadToEnd().Trim(), CultureInfo.InvariantCulture, out var id) ? id : null;
    }

    private static void Signal(string name, int process)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{process}"]);
        kill.WaitForExit();
    }
}
