using System.Diagnostics;
using ArdorQr.Contracts.Events;

namespace ArdorQr.Benchmarks.Messaging;

/// <summary>One side in its own process: commits events in transactions and sends what is committed.</summary>
internal abstract class BenchOutbox : IAsyncDisposable
{
    private const int MaxCommitted = 1_000_000;

    /// <summary>Makes what it needs in the database and at the broker, and begins to send.</summary>
    public abstract Task StartAsync(CancellationToken cancellationToken);

    /// <summary>Commits the events in one transaction, and has them sent; returns when they were committed.</summary>
    public abstract Task<long> CommitAsync(IReadOnlyList<PaymentCompleted> messages, CancellationToken cancellationToken);

    /// <summary>
    /// Commits so many events in one transaction, which nobody sends before all are committed: the rows of a process
    /// that is gone where this side can read them back fast, its own from memory where it can't.
    /// </summary>
    public abstract Task LeaveAsync(int count, CancellationToken cancellationToken);

    /// <summary>Rows that are committed and not yet removed.</summary>
    public abstract Task<long> RowsAsync(CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();

    /// <summary>One event at a time, one transaction each, at a rate; when each was committed.</summary>
    public async Task<IReadOnlyList<Moment>> CommitSingleAsync(int count, int perSecond, CancellationToken cancellationToken)
    {
        var committed = new List<Moment>(count);
        var began = Stopwatch.GetTimestamp();
        for (var number = 0; number < count; number++)
        {
            var due = TimeSpan.FromSeconds((double)number / perSecond) - Stopwatch.GetElapsedTime(began);
            if (due > TimeSpan.Zero)
            {
                await Task.Delay(due, TimeProvider.System, cancellationToken);
            }

            committed.Add(await CommitOneAsync(cancellationToken));
        }

        return committed;
    }

    /// <summary>So many writers, each one transaction with one event after the other.</summary>
    public async Task<IReadOnlyList<Moment>> CommitSideBySideAsync(int writers, int seconds, CancellationToken cancellationToken)
    {
        var until = Stopwatch.GetTimestamp() + (Stopwatch.Frequency * seconds);
        var committed = await Task.WhenAll(Enumerable.Range(0, writers).Select(_ => Task.Run(async () =>
        {
            var own = new List<Moment>();
            while (Stopwatch.GetTimestamp() < until && own.Count < MaxCommitted / writers)
            {
                own.Add(await CommitOneAsync(cancellationToken));
            }

            return own;
        }, cancellationToken)));
        return [.. committed.SelectMany(own => own)];
    }

    private async Task<Moment> CommitOneAsync(CancellationToken cancellationToken)
    {
        var message = BenchMessage.New();
        return new Moment(message.EventId, await CommitAsync([message], cancellationToken));
    }
}

/// <summary>When something happened to an event.</summary>
/// <param name="EventId">The event.</param>
/// <param name="At">A timestamp of <see cref="Stopwatch"/>, which all processes of a machine share.</param>
internal sealed record Moment(Guid EventId, long At);
