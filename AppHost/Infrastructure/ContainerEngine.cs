using System.ComponentModel;
using System.Diagnostics;

namespace ArdorQr.AppHost.Infrastructure;

/// <summary>Is there a container engine? A client may be installed with none behind it: it is asked.</summary>
internal static class ContainerEngine
{
    private static readonly TimeSpan _answerTimeout = TimeSpan.FromSeconds(10);

    public static bool Answers() => Answers("docker") || Answers("podman");

    private static bool Answers(string client)
    {
        var start = new ProcessStartInfo(client, ["version", "--format", "{{.Server.Version}}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var process = Process.Start(start)!;
            if (process.WaitForExit(_answerTimeout))
            {
                return process.ExitCode == 0;
            }

            process.Kill(entireProcessTree: true);
            return false;
        }
        catch (Win32Exception)
        {
            return false; // Not installed.
        }
    }
}
