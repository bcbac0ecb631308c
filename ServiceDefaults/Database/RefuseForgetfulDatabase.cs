using ArdorQr.ServiceDefaults.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ArdorQr.ServiceDefaults.Database;

/// <summary>
/// Outside of Development no database is worked with that may forget what it has committed: after a power cut, what
/// merchants were told of would be gone. One that can't be reached at the start is judged as soon as it answers.
/// </summary>
internal sealed partial class RefuseForgetfulDatabase(
    ServiceDatabase database, IHostApplicationLifetime lifetime, TimeProvider time,
    ILogger<RefuseForgetfulDatabase> logger) : RepeatedJob(Interval, "Judging the database's durability", time, logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>The service starts without its database; it mustn't wait for it here.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly string[] Promises = ["fsync", "full_page_writes", "synchronous_commit"];

    private bool _isJudged;

    /// <summary>The service was stopped for it.</summary>
    public bool HasRefused { get; private set; }

    /// <exception cref="ForgetfulDatabaseException">The database answered, and is refused.</exception>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            if (await FaultsAsync(patience.Token) is { Count: > 0 } faults)
            {
                throw new ForgetfulDatabaseException(faults);
            }
        }
        catch (Exception exception) when (
            exception is not ForgetfulDatabaseException && !cancellationToken.IsCancellationRequested)
        {
            LogNotJudged(exception.Message); // It is, once it answers.
        }

        if (!_isJudged)
        {
            await base.StartAsync(cancellationToken);
        }
    }

    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (!_isJudged && await FaultsAsync(cancellationToken) is { Count: > 0 } faults)
        {
            LogRefused(string.Join("; ", faults));
            HasRefused = true;
            lifetime.StopApplication();
        }
    }

    private async Task<IReadOnlyList<string>> FaultsAsync(CancellationToken cancellationToken)
    {
        const string sql = "SELECT name FROM pg_settings WHERE name = ANY(@Promises) AND setting = 'off' ORDER BY name";
        await using var connection = await database.OpenAsync(cancellationToken);
        var off = await connection.QueryAsync<string>(sql, new { Promises }, cancellationToken);
        _isJudged = true;
        return [.. off.Select(name => $"The database has {name} off: it may forget what it has committed.")];
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database's durability can't be judged yet: {Reason}")]
    private partial void LogNotJudged(string reason);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The database is refused and the service stops: {Faults}")]
    private partial void LogRefused(string faults);
}

/// <summary>The database may forget what it has committed.</summary>
/// <param name="faults">Each by its setting.</param>
internal sealed class ForgetfulDatabaseException(IReadOnlyList<string> faults) : Exception(string.Join("; ", faults))
{
    public IReadOnlyList<string> Faults { get; } = faults;
}
