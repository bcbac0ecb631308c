namespace ArdorQr.Chaos.Hosting;

/// <summary>Where the repository is, and where a run keeps its data and logs.</summary>
internal static class ChaosFolder
{
    /// <summary>The folder that the script made and removes; one of our own when started without it.</summary>
    public const string Variable = "ARDORQR_CHAOS_FOLDER";

    /// <summary>Of our build, and so of the services' that were built with it.</summary>
    public static string Configuration { get; } = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    public static string Repository { get; } = FindRepository();

    public static string Create() =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given
            ? given
            : Directory.CreateTempSubdirectory("ardorqr-chaos-").FullName;

    private static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "ArdorQr.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("The program must lie within the repository.");
    }
}
