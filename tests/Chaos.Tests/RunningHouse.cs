namespace ArdorQr.Chaos.Tests;

/// <summary>Two of every service with load-making merchants, on data of their own; the output is the test's.</summary>
internal sealed class RunningHouse : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ardorqr-chaos-test-").FullName;
    private ChaosRun? _run;

    public ChaosRun Run => _run ?? throw new InvalidOperationException("It isn't started.");

    public static async Task<RunningHouse> StartAsync(ChaosOptions options, CancellationToken cancellationToken)
    {
        var house = new RunningHouse();
        try
        {
            house._run = await ChaosRun.StartAsync(options, house._folder, Report, cancellationToken);
            return house;
        }
        catch
        {
            await house.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_run is not null)
        {
            await _run.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Judges, and fails with every finding when anything isn't proven.</summary>
    public Task AssertProvenAsync(CancellationToken cancellationToken) => AssertProvenAsync(true, cancellationToken);

    /// <summary>The same while an older release runs beside this one: the books aren't compared then.</summary>
    public Task AssertMixedProvenAsync(CancellationToken cancellationToken) => AssertProvenAsync(false, cancellationToken);

    private async Task AssertProvenAsync(bool comparesBooks, CancellationToken cancellationToken)
    {
        var (findings, _) = await Run.JudgeAsync(comparesBooks, cancellationToken);
        var lines = string.Join(Environment.NewLine, findings.Lines());
        Report(lines);
        Assert.True(findings.IsProven, lines);
    }

    private static void Report(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);
}

/// <summary>
/// One house at a time: two would take the machine from each other, and their time-outs would be met.
/// </summary>
[CollectionDefinition(Name)]
public sealed class OneHouse
{
    public const string Name = "one house at a time";
}
