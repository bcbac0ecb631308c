using ArdorQr.ServiceDefaults.Errors;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace ArdorQr.ServiceDefaults.Database;

/// <summary>What a unit of work comes to.</summary>
/// <param name="Value">What its caller gets.</param>
/// <param name="Commits">Whether its changes are kept; one that changed nothing had better say yes.</param>
public readonly record struct UnitEnd<TValue>(TValue Value, bool Commits);

/// <summary>
/// Group commit: units of work that come while others are being committed share the next transaction and its one commit.
/// An idle service commits each at once. A unit runs in its caller's context, may run again after a roll-back, and so
/// touches nothing but its transaction before it is told its end. All groups, of all replicas, take their units in one
/// order, that of what they lock, so that two groups don't wait for each other.
/// </summary>
public sealed class GroupCommit(ServiceDatabase database, IHostApplicationLifetime lifetime)
{
    /// <summary>At a time: one waits for the disk while another one's statements run.</summary>
    public const int MaxGroups = 2;

    /// <summary>The last of a group waits for all before it.</summary>
    private const int MaxUnits = 16;

    /// <summary>A group whose unit fails is run again without it, so many times; then each of them runs alone.</summary>
    private const int MaxTries = 3;

    private const int MaxWaiting = 10_000;

    private readonly Lock _lock = new();
    private readonly Queue<Unit> _waiting = new();
    private int _running;

    /// <summary>Runs the unit with whatever else is waiting; returns when its changes are committed or rolled back.</summary>
    /// <param name="locks">What it locks first and others may lock too, such as a payment's id.</param>
    /// <param name="work">The unit: it neither commits nor rolls back by itself, and gets the token for its statements.</param>
    /// <param name="cancellationToken">The caller's; it takes the unit back as long as it waits, and no longer.</param>
    /// <exception cref="RejectedException">503: too many are waiting.</exception>
    /// <exception cref="Exception">
    /// What the unit threw: its changes are rolled back, the other units' are not. Or what broke the connection: then it
    /// may be unknown whether they were committed, as with a transaction of its own.
    /// </exception>
    public Task<TResult> RunAsync<TResult>(
        Guid locks, Func<ServiceTransaction, CancellationToken, Task<UnitEnd<TResult>>> work, CancellationToken cancellationToken)
    {
        var unit = new Unit<TResult>(locks, work, cancellationToken);
        lock (_lock)
        {
            if (_waiting.Count == MaxWaiting)
            {
                throw new RejectedException(CommonErrors.Unavailable);
            }

            _waiting.Enqueue(unit);
            if (_running == MaxGroups)
            {
                return unit.Told;
            }

            _running++;
        }

        _ = RunWaitingAsync();
        return unit.Told;
    }

    /// <summary>
    /// As <see cref="RunAsync"/>, at once and in a transaction of its own: for what locks more rows that others lock too.
    /// </summary>
    public async Task<TResult> RunAloneAsync<TResult>(
        Func<ServiceTransaction, CancellationToken, Task<UnitEnd<TResult>>> work, CancellationToken cancellationToken)
    {
        var unit = new Unit<TResult>(default, work, cancellationToken);
        await RunAloneAsync(unit);
        return await unit.Told;
    }

    private async Task RunWaitingAsync()
    {
        while (TakeGroup() is { Count: > 0 } group)
        {
            await group[0].InContext(() => RunAsync(group));
        }
    }

    /// <summary>None left: whoever comes next runs them.</summary>
    private List<Unit> TakeGroup()
    {
        List<Unit> group = [];
        lock (_lock)
        {
            while (group.Count < MaxUnits && _waiting.TryDequeue(out var unit))
            {
                if (!unit.TryTakeBack())
                {
                    group.Add(unit);
                }
            }

            if (group.Count == 0)
            {
                _running--;
            }
        }

        return [.. group.OrderBy(unit => unit.Locks)]; // Stable: of the same row the first to come is the first.
    }

    private async Task RunAsync(IReadOnlyList<Unit> together)
    {
        List<Unit> apart = [];
        for (var tries = 0; together.Count > 1 && tries < MaxTries; tries++)
        {
            var failed = await TryRunAsync(together);
            if (failed.Count == 0)
            {
                together = [];
                break;
            }

            apart.AddRange(failed);
            together = [.. together.Except(failed)];
        }

        foreach (var unit in together.Concat(apart))
        {
            await unit.InContext(() => RunAloneAsync(unit));
        }
    }

    /// <summary>The units that have to run apart, with all rolled back; none when every unit was told its end.</summary>
    private async Task<IReadOnlyList<Unit>> TryRunAsync(IReadOnlyList<Unit> units)
    {
        try
        {
            await using var transaction = await database.BeginAsync(lifetime.ApplicationStopped);
            foreach (var unit in units)
            {
                var hasFailed = false;
                await unit.InContext(async () => hasFailed = !await TryRunAsync(unit, transaction));
                if (hasFailed)
                {
                    return [unit];
                }
            }

            try
            {
                await transaction.CommitAsync(lifetime.ApplicationStopped);
            }
            catch (PostgresException)
            {
                return units; // The server's own refusal: rolled back, and nobody knows by whose fault.
            }

            Tell(units, unit => unit.Tell());
        }
        catch (Exception exception)
        {
            Tell(units, unit => unit.Fail(exception)); // The connection broke; another may do no better.
        }

        return [];
    }

    private async Task<bool> TryRunAsync(Unit unit, ServiceTransaction transaction)
    {
        try
        {
            return await unit.RunAsync(transaction, lifetime.ApplicationStopped);
        }
        catch (Exception exception) when (exception is PostgresException or not NpgsqlException)
        {
            return false; // It says so to its caller when it has failed alone.
        }
    }

    private async Task RunAloneAsync(Unit unit)
    {
        try
        {
            await using var transaction = await database.BeginAsync(lifetime.ApplicationStopped);
            if (await unit.RunAsync(transaction, lifetime.ApplicationStopped))
            {
                await transaction.CommitAsync(lifetime.ApplicationStopped);
            }

            unit.Tell();
        }
        catch (Exception exception)
        {
            unit.Fail(exception);
        }
    }

    private static void Tell(IReadOnlyList<Unit> units, Action<Unit> tell)
    {
        foreach (var unit in units)
        {
            tell(unit);
        }
    }

    private abstract class Unit(Guid locks)
    {
        private readonly ExecutionContext? _context = ExecutionContext.Capture(); // Its trace, its logging scope.

        public Guid Locks => locks;

        /// <summary>Whether the changes are kept.</summary>
        public abstract Task<bool> RunAsync(ServiceTransaction transaction, CancellationToken cancellationToken);

        public abstract void Tell();

        /// <summary>Unless it was told its end already: then it is committed, and only the connection didn't close well.</summary>
        public abstract void Fail(Exception exception);

        /// <summary>True when its caller has left before it began.</summary>
        public abstract bool TryTakeBack();

        public Task InContext(Func<Task> work)
        {
            if (_context is null)
            {
                return work();
            }

            Task? running = null;
            ExecutionContext.Run(_context, _ => running = work(), null);
            return running!;
        }
    }

    private sealed class Unit<TResult>(
        Guid locks, Func<ServiceTransaction, CancellationToken, Task<UnitEnd<TResult>>> work, CancellationToken callersToken)
        : Unit(locks)
    {
        private readonly TaskCompletionSource<TResult> _told = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private UnitEnd<TResult> _end;

        public Task<TResult> Told => _told.Task;

        public override async Task<bool> RunAsync(ServiceTransaction transaction, CancellationToken cancellationToken)
        {
            _end = await work(transaction, cancellationToken);
            return _end.Commits;
        }

        public override void Tell() => _told.SetResult(_end.Value);

        public override void Fail(Exception exception) => _told.TrySetException(exception);

        public override bool TryTakeBack() =>
            callersToken.IsCancellationRequested && _told.TrySetCanceled(callersToken);
    }
}
