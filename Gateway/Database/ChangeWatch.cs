using System.Collections.Concurrent;
using ArdorQr.ServiceDefaults.Database;
using Npgsql;

namespace ArdorQr.Gateway.Database;

/// <summary>
/// What this replica has seen of changes to merchants and keys. What it remembers counts only while its last good look
/// at the version is at most a second old; past that it looks itself, and without an answer nothing counts.
/// </summary>
internal sealed class ChangeWatch(ServiceDatabase database, TimeProvider time)
{
    private const int MaxAgeMilliseconds = 1_000;
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(1);

    /// <summary>Nobody waits longer for a look, which a silent server can keep for minutes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Looks that were given up and haven't ended; with so many of them nothing new is begun.</summary>
    private const int MaxGivenUp = 4;

    /// <summary>Past this many changed merchants everything remembered is dropped at once.</summary>
    private const int MaxChangedMerchants = 10_000;

    private const long Never = long.MinValue;

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<Guid, long> _floorOf = [];
    private long _floor;
    private long _version;
    private long _lookedAt = Never;
    private Task? _looking;
    private int _givenUp;
    private TaskCompletionSource _seen = NewSource();

    /// <summary>The newest version that this replica has seen.</summary>
    public long Version => Volatile.Read(ref _version);

    /// <summary>Whether the last good look is recent enough to trust what is remembered.</summary>
    public bool IsFresh =>
        Volatile.Read(ref _lookedAt) is not Never and var at
        && time.GetElapsedTime(at).TotalMilliseconds <= MaxAgeMilliseconds;

    /// <summary>Whether what was read at this version still says the truth about the merchant and its keys.</summary>
    public bool IsCurrent(Guid merchantId, long version) =>
        version >= Volatile.Read(ref _floor) && (!_floorOf.TryGetValue(merchantId, out var floor) || version >= floor);

    /// <summary>Returns at once while the last good look is fresh; otherwise looks, once for all who wait.</summary>
    /// <exception cref="TimeoutException">The database didn't answer in time.</exception>
    public ValueTask EnsureFreshAsync(CancellationToken cancellationToken) =>
        IsFresh ? ValueTask.CompletedTask : new ValueTask(LookTogetherAsync(cancellationToken));

    /// <summary>Completes when this replica has seen the version.</summary>
    public async Task ReachedAsync(long version, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task seen;
            lock (_gate)
            {
                if (_version >= version)
                {
                    return;
                }

                seen = _seen.Task;
            }

            await seen.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Reads the version and which merchants have changed since the last one seen.</summary>
    public async Task LookAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT version, ARRAY(
                SELECT id FROM gateway.merchant WHERE changed_version > @seen LIMIT @limit) AS changed
            FROM gateway.change
            """;
        var startedAt = time.GetTimestamp(); // Before the statement: its snapshot can't be older than this.
        var row = await connection.QuerySingleAsync<(long Version, Guid[] Changed)>(
            sql, new { seen = Version, limit = MaxChangedMerchants }, cancellationToken);
        Apply(row.Version, row.Changed, startedAt);
    }

    private void Apply(long version, Guid[] changed, long startedAt)
    {
        lock (_gate)
        {
            foreach (var merchantId in changed)
            {
                _floorOf.AddOrUpdate(merchantId, version, (_, floor) => Math.Max(floor, version));
            }

            if (changed.Length == MaxChangedMerchants || _floorOf.Count > MaxChangedMerchants)
            {
                // First: without it the cleared floors would let old rows pass.
                Volatile.Write(ref _floor, Math.Max(_floor, version));
                _floorOf.Clear();
            }

            Volatile.Write(ref _version, Math.Max(_version, version));
            Volatile.Write(ref _lookedAt, Math.Max(_lookedAt, startedAt)); // Last: a reader that sees it sees the floors.
            _seen.SetResult();
            _seen = NewSource();
        }
    }

    private async Task LookTogetherAsync(CancellationToken cancellationToken)
    {
        Task looking;
        lock (_gate)
        {
            looking = _looking is { IsCompleted: false } running ? running : _looking = LookOnceAsync();
        }

        try
        {
            await looking.WaitAsync(Patience, time, cancellationToken); // Whatever the driver does meanwhile.
        }
        catch (TimeoutException)
        {
            GiveUp(looking);
            throw;
        }
    }

    /// <summary>The next who asks begins a look of its own, by another connection.</summary>
    private void GiveUp(Task looking)
    {
        lock (_gate)
        {
            if (_looking != looking || _givenUp == MaxGivenUp)
            {
                return;
            }

            _looking = null;
            Interlocked.Increment(ref _givenUp);
        }

        _ = looking.ContinueWith(
            _ => Interlocked.Decrement(ref _givenUp), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private async Task LookOnceAsync()
    {
        using var timeout = new CancellationTokenSource(ConnectTimeout, time);
        try
        {
            await using var connection = await database.OpenAsync(timeout.Token);
            // Not cancelled: the driver would hold a thread until a silent server hears of it. Nobody waits for longer.
            await LookAsync(connection, CancellationToken.None);
        }
        catch (OperationCanceledException exception)
        {
            throw new TimeoutException("The version of keys could not be read in time.", exception);
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
