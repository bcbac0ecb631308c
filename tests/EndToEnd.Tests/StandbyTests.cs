using System.Diagnostics;

namespace ArdorQr.EndToEnd.Tests;

/// <summary>deploy/standby/try, with two real clusters: the primary is killed in the midst of writing.</summary>
public sealed class StandbyTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_synchronous_standby_has_every_commit_that_was_answered()
    {
        var (code, output) = await TryAsync([]);

        Assert.True(code == 0, output);
        Assert.Matches("kept ([1-9][0-9]*) of \\1\n", output);
    }

    [Fact]
    public async Task An_asynchronous_one_does_not_and_the_trial_notices_it()
    {
        var (code, output) = await TryAsync(new() { ["ASYNCHRONOUS"] = "1" });

        Assert.True(code != 0, output);
        Assert.Matches("kept [0-9]+ of [1-9]", output);
    }

    private static async Task<(int Code, string Output)> TryAsync(Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "standby", "try")) { RedirectStandardOutput = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        return (process.ExitCode, output);
    }
}
