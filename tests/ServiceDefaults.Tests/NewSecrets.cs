namespace ArdorQr.ServiceDefaults.Tests;

/// <summary>A new installation's secrets, made by <c>deploy/new-secrets</c> in a folder of a test's own.</summary>
internal static class NewSecrets
{
    private static readonly string[] Needed =
        ["new-secrets", "broker-accounts", "rabbitmq/definitions.json", "rabbitmq/definitions.conf"];

    /// <param name="folder">As the repository's deploy folder; the secrets come into its folder of that name.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static async Task MakeAsync(string folder, CancellationToken cancellationToken)
    {
        foreach (var file in Needed)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, file))!);
            File.Copy(Path.Combine(Repository.Root, "deploy", file), Path.Combine(folder, file));
        }

        var (code, _, words) = await OutsideProgram.RunAsync(Path.Combine(folder, "new-secrets"), [], cancellationToken);
        Assert.True(code == 0, words);
    }
}
