namespace ArdorQr.ServiceDefaults.Tests;

/// <summary>The sources that these tests run within.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "ArdorQr.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The tests don't run within the repository.");
        }

        return folder.FullName;
    }
}
