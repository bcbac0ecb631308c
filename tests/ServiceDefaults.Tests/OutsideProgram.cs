using System.ComponentModel;
using System.Diagnostics;

namespace ArdorQr.ServiceDefaults.Tests;

/// <summary>A program of the machine's; a test whose program isn't there says so, and is skipped.</summary>
internal static class OutsideProgram
{
    public static async Task<(int Code, string Output, string Error)> RunAsync(
        string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        using var process = Start(start);
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = await process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return (process.ExitCode, await output, error);
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            Assert.Skip($"{start.FileName} is not on this machine.");
            throw;
        }
    }
}
