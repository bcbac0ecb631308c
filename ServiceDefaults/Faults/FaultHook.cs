using System.Diagnostics;
using Microsoft.Extensions.Options;

namespace ArdorQr.ServiceDefaults.Faults;

/// <summary>
/// Lets a test end the process for good at a named point of the code, to show that nothing is lost or doubled there.
/// Armed by a file of the point's name in the folder <c>Faults:Folder</c>; works only in Development and does nothing
/// without that setting.
/// </summary>
public sealed class FaultHook
{
    private readonly string? _folder;

    public FaultHook(IOptions<FaultOptions> options) => _folder = options.Value.Folder;

    /// <summary>Kills the process if this point is armed, after disarming it, so that the next start runs through.</summary>
    public void Reach(string point)
    {
        if (_folder is not null)
        {
            KillIfArmed(Path.Combine(_folder, point));
        }
    }

    /// <summary>As <see cref="Reach(string)"/>, for a point that differs by subject, such as an event's name.</summary>
    public void Reach(string point, string subject)
    {
        if (_folder is not null)
        {
            KillIfArmed(Path.Combine(_folder, $"{point}@{subject}"));
        }
    }

    private static void KillIfArmed(string file)
    {
        if (!File.Exists(file))
        {
            return;
        }

        File.Delete(file);
        using var self = Process.GetCurrentProcess();
        self.Kill();
        self.WaitForExit(); // SIGKILL is on its way; no further line of this code may run.
    }
}
