namespace ArdorQr.Benchmarks.Hosting;

/// <summary>Where a run's data and logs are, and where the repository is.</summary>
internal static class BenchFolder
{
    private const string Variable = "ARDORQR_BENCH_FOLDER";

    /// <summary>The temporary folder that the script made and removes; one of our own when started without it.</summary>
    public static string Path { get; } =
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given
            ? given
            : Directory.CreateTempSubdirectory("ardorqr-bench-").FullName;

    /// <summary>Of our build, and so of the services' that were built with it.</summary>
    public static string Configuration { get; } =
        new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    public static string Repository { get; } = FindRepository();

    private static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "ArdorQr.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("The bench must lie within the repository.");
    }
}
