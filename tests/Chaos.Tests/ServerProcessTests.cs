using ArdorQr.Chaos.Hosting;

namespace ArdorQr.Chaos.Tests;

/// <summary>A signal counts when it met the program that it was meant for.</summary>
public sealed class ServerProcessTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ardorqr-chaos-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_kill_of_what_was_killed_already_meets_nobody()
    {
        await using var process = Sleeping(programName: null);

        Assert.True(await process.KillAsync(TestContext.Current.CancellationToken));
        Assert.False(await process.KillAsync(TestContext.Current.CancellationToken));
        Assert.False(process.Freeze());
    }

    [Fact]
    public async Task A_kill_of_a_script_whose_program_isnt_there_meets_nobody()
    {
        await using var process = Sleeping(programName: "postgres");

        Assert.False(process.Freeze());
        process.Thaw();
        Assert.False(await process.KillAsync(TestContext.Current.CancellationToken));
        Assert.False(process.IsRunning);
    }

    private ServerProcess Sleeping(string? programName)
    {
        var process = new ServerProcess("sleeping", _folder, ["sleep", "60"], new Dictionary<string, string?>())
        {
            ProgramName = programName,
        };
        process.Start();
        return process;
    }
}
