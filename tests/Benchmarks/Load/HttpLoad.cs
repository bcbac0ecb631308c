using System.Diagnostics;
using System.Net.Sockets;

namespace ArdorQr.Benchmarks.Load;

/// <summary>What came of a load.</summary>
/// <param name="Answers">Good answers; anything else ends the bench.</param>
/// <param name="Seconds">From the first sending to the last answer.</param>
/// <param name="LatenciesMilliseconds">Sorted; each from when its request was due.</param>
internal sealed record LoadResult(int Answers, double Seconds, double[] LatenciesMilliseconds)
{
    public double PerSecond => Answers / Seconds;

    public double Percentile(double percent) =>
        LatenciesMilliseconds[(int)Math.Ceiling(percent / 100 * LatenciesMilliseconds.Length) - 1];
}

/// <summary>
/// An HTTP load of one thread over plain sockets. The generator shares the cores with what it measures, so it is lean: a
/// request is a ready array of bytes, an answer is searched for two words, and one poll serves all connections.
/// </summary>
internal sealed class HttpLoad : IDisposable
{
    private const int DrainSeconds = 30;
    private const int PollMicroseconds = 1_000;

    private readonly IRequests _requests;
    private readonly Dictionary<Socket, LoadConnection> _connections;
    private readonly Stack<LoadConnection> _idle;
    private readonly Queue<long> _overdue = new();
    private readonly List<Socket> _ready = [];
    private readonly HashSet<Socket> _busy = [];
    private readonly List<double> _latencies = [];

    private HttpLoad(int port, int connections, IRequests requests)
    {
        _requests = requests;
        _idle = new(Enumerable.Range(0, connections).Select(_ => new LoadConnection(port)));
        _connections = _idle.ToDictionary(connection => connection.Socket);
    }

    /// <summary>Every connection sends its next request as soon as it has its answer, for a time.</summary>
    public static Task<LoadResult> ClosedAsync(
        int port, int connections, IRequests requests, int seconds, CancellationToken cancellationToken) =>
        OnThreadOfItsOwnAsync(port, connections, requests,
            load => load.RunClosed(Stopwatch.Frequency * seconds, int.MaxValue, cancellationToken));

    /// <summary>As <see cref="ClosedAsync"/>, for a number of requests.</summary>
    public static Task<LoadResult> CountedAsync(
        int port, int connections, IRequests requests, int count, CancellationToken cancellationToken) =>
        OnThreadOfItsOwnAsync(port, connections, requests,
            load => load.RunClosed(long.MaxValue / 2, count, cancellationToken));

    /// <summary>
    /// Requests are due at a fixed rate, whatever the answers do: one that finds no free connection waits, and its
    /// latency counts from when it was due, so that a slow server can't hide what it made others wait.
    /// </summary>
    public static Task<LoadResult> OpenAsync(
        int port, int connections, IRequests requests, double perSecond, int seconds, CancellationToken cancellationToken) =>
        OnThreadOfItsOwnAsync(port, connections, requests,
            load => load.RunOpen(Stopwatch.Frequency / perSecond, (int)(perSecond * seconds), cancellationToken));

    public void Dispose()
    {
        foreach (var connection in _connections.Values)
        {
            connection.Dispose();
        }
    }

    private static Task<LoadResult> OnThreadOfItsOwnAsync(
        int port, int connections, IRequests requests, Func<HttpLoad, LoadResult> run) =>
        Task.Factory.StartNew(() =>
        {
            using var load = new HttpLoad(port, connections, requests);
            return run(load);
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private LoadResult RunClosed(long ticks, int count, CancellationToken cancellationToken)
    {
        var (began, sent) = (Stopwatch.GetTimestamp(), 0);
        while (_idle.Count > 0 && sent < count)
        {
            Send(Stopwatch.GetTimestamp());
            sent++;
        }

        while (_busy.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            TakeAnswers();
            var now = Stopwatch.GetTimestamp();
            for (; _idle.Count > 0 && now - began < ticks && sent < count; sent++)
            {
                Send(now);
            }

            if (now - began >= ticks)
            {
                break; // What is still on its way counts neither as answers nor as time.
            }
        }

        return ResultOf(began);
    }

    private LoadResult RunOpen(double interval, int count, CancellationToken cancellationToken)
    {
        var (began, due) = (Stopwatch.GetTimestamp(), 0);
        var giveUpAt = began + (long)(interval * count) + (DrainSeconds * Stopwatch.Frequency);
        while (due < count || _overdue.Count > 0 || _busy.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var now = Stopwatch.GetTimestamp();
            for (; due < count && began + (long)(interval * due) <= now; due++)
            {
                _overdue.Enqueue(began + (long)(interval * due));
            }

            while (_idle.Count > 0 && _overdue.TryDequeue(out var dueAt))
            {
                Send(dueAt);
            }

            TakeAnswers();
            if (now > giveUpAt)
            {
                throw new InvalidOperationException($"The rate can't be held: {_overdue.Count} requests wait.");
            }
        }

        return ResultOf(began);
    }

    private void Send(long dueAt)
    {
        var connection = _idle.Pop();
        connection.Send(_requests, dueAt);
        _busy.Add(connection.Socket);
    }

    private void TakeAnswers()
    {
        _ready.Clear();
        _ready.AddRange(_busy);
        if (_ready.Count == 0)
        {
            _ready.Add(_idle.Peek().Socket); // Nothing comes on it: this is the pause until the next request is due.
        }

        Socket.Select(_ready, null, null, PollMicroseconds);
        foreach (var socket in _ready)
        {
            var connection = _connections[socket];
            if (!connection.Receive())
            {
                continue;
            }

            if (!connection.Succeeded)
            {
                throw new InvalidOperationException($"A request failed:\n{connection.AnswerText}");
            }

            _latencies.Add(Stopwatch.GetElapsedTime(connection.DueAt).TotalMilliseconds);
            _busy.Remove(socket);
            _idle.Push(connection);
        }
    }

    private LoadResult ResultOf(long began)
    {
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        _latencies.Sort();
        return new LoadResult(_latencies.Count, seconds, [.. _latencies]);
    }
}
