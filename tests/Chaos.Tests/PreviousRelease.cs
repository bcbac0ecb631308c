using System.Diagnostics;
using ArdorQr.Chaos.Hosting;

namespace ArdorQr.Chaos.Tests;

/// <summary>
/// The release that <c>deploy/previous-release</c> names by its commit, built from the repository's own history. The
/// build is kept below this project's obj folder for the next time.
/// </summary>
internal static class PreviousRelease
{
    private const string NameFile = "deploy/previous-release";
    private const string Configuration = "Debug";
    private const int BuildMinutes = 12;
    private const string DoneFile = ".built";

    /// <summary>The release, or why it can't be had here: a copy without history, or with a part of it.</summary>
    public static async Task<(Release? Release, string? WhyNot)> BuildAsync(CancellationToken cancellationToken)
    {
        var repository = ChaosFolder.Repository;
        var commit = (await File.ReadAllLinesAsync(Path.Combine(repository, NameFile), cancellationToken))
            .First(line => !line.StartsWith('#')).Trim();
        string[] look = ["-C", repository, "cat-file", "-e", $"{commit}^{{tree}}"];
        if (await RunAsync("git", look, cancellationToken) is { Code: not 0 })
        {
            return (null, $"the history here doesn't have the commit {commit} of {NameFile}");
        }

        var folder = Path.Combine(repository, "tests/Chaos.Tests/obj/previous-release", commit);
        if (!File.Exists(Path.Combine(folder, DoneFile)))
        {
            await ExtractAsync(repository, commit, folder, cancellationToken);
            foreach (var service in House.Services)
            {
                await BuildAsync(folder, new Release(folder, Configuration).FolderOf(service), cancellationToken);
            }

            await File.WriteAllTextAsync(Path.Combine(folder, DoneFile), "", cancellationToken);
        }

        return (new Release(folder, Configuration), null);
    }

    /// <summary>Its files alone, not a worktree: that would leave a trace in the repository.</summary>
    private static async Task ExtractAsync(
        string repository, string commit, string folder, CancellationToken cancellationToken)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true); // Half made.
        }

        Directory.CreateDirectory(folder);
        const string script = "set -o pipefail; git -C \"$0\" archive \"$1\" | tar -x -C \"$2\"";
        var (code, output) = await RunAsync("bash", ["-c", script, repository, commit, folder], cancellationToken);
        Assert.True(code == 0, output);
    }

    private static async Task BuildAsync(string folder, string project, CancellationToken cancellationToken)
    {
        var (code, output) = await RunAsync(
            "dotnet",
            [
                "build", project, "--nologo", "--verbosity", "quiet", "--disable-build-servers",
                $"-p:Configuration={Configuration}", "-p:RunAnalyzers=false",
            ],
            cancellationToken, folder);
        Assert.True(code == 0, $"{project} of the previous release doesn't build:\n{output}");
    }

    private static async Task<(int Code, string Output)> RunAsync(
        string program, IEnumerable<string> arguments, CancellationToken cancellationToken, string? folder = null)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(TimeSpan.FromMinutes(BuildMinutes));
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder ?? "/",
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync(timeout.Token);
        var output = await process.StandardOutput.ReadToEndAsync(timeout.Token);
        await process.WaitForExitAsync(timeout.Token);
        return (process.ExitCode, output + await errors);
    }
}
