namespace ArdorQr.Benchmarks.Hosting;

/// <summary>A service's <c>migrate</c>: it binds the service's queues also where the database is made otherwise.</summary>
internal static class Migration
{
    private const int LimitSeconds = 120;

    /// <param name="service">Its name.</param>
    /// <param name="program">The service's built program.</param>
    /// <param name="settings">The service's own, with its broker.</param>
    /// <param name="owner">The database's owner's connection string.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static async Task RunAsync(
        string service, string program, IReadOnlyDictionary<string, string?> settings, string owner,
        CancellationToken cancellationToken)
    {
        var done = Path.Combine(BenchFolder.Path, $"{service}.migrated");
        File.Delete(done); // An earlier part's.
        await using var process = new ChildProcess(
            $"{service}-migrate", ["bash", "-c", "dotnet \"$0\" migrate && touch \"$1\"", program, done],
            new Dictionary<string, string?>(settings) { [$"ConnectionStrings__{service}-owner"] = owner });
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(LimitSeconds));
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        await process.WaitUntilAsync(() => Task.FromResult(File.Exists(done)), either.Token);
    }
}
