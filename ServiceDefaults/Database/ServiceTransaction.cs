using System.Diagnostics;
using ArdorQr.Contracts.Events;
using ArdorQr.ServiceDefaults.Messaging;
using Dapper;
using Npgsql;

namespace ArdorQr.ServiceDefaults.Database;

/// <summary>
/// One database transaction with its outgoing events. Events are written beside the change and handed to the
/// dispatcher only after the commit; disposing without a commit rolls all of it back.
/// </summary>
public sealed class ServiceTransaction : IAsyncDisposable
{
    private readonly NpgsqlTransaction _transaction;
    private readonly OutboxSignal _outbox;
    private readonly List<OutboxMessage> _messages = [];
    private readonly List<(string AnswerKey, OutboxMessage Message)> _waiting = [];

    internal ServiceTransaction(NpgsqlConnection connection, NpgsqlTransaction transaction, OutboxSignal outbox) =>
        (Connection, _transaction, _outbox) = (connection, transaction, outbox);

    public NpgsqlConnection Connection { get; }

    /// <summary>The connection is the caller's, who goes on with it.</summary>
    internal bool LeavesConnectionOpen { get; init; }

    /// <summary>Sends the event when this transaction commits. The same id enqueued again is sent again.</summary>
    public void Enqueue<TEvent>(TEvent message)
        where TEvent : class, IIntegrationEvent =>
        _messages.Add(OutboxMessage.Of(message));

    /// <summary>
    /// Sends the event, and again with the same id whenever <paramref name="answerKey"/> stays unanswered past its
    /// due time, until <see cref="AnsweredAsync(string, CancellationToken)"/>: for what waits for another service.
    /// </summary>
    /// <param name="message">The event.</param>
    /// <param name="answerKey">Names what is waited for, unique in this service, such as <c>deposit-posted:{id}</c>.</param>
    public void EnqueueUntilAnswered<TEvent>(TEvent message, string answerKey)
        where TEvent : class, IIntegrationEvent
    {
        var row = OutboxMessage.Of(message);
        _messages.Add(row);
        _waiting.Add((answerKey, row));
    }

    /// <summary>The answer is here: nothing is sent again for this key. Harmless when nothing waits.</summary>
    public Task AnsweredAsync(string answerKey, CancellationToken cancellationToken) =>
        AnsweredAsync([answerKey], cancellationToken);

    /// <summary>As <see cref="AnsweredAsync(string, CancellationToken)"/>, for many at once.</summary>
    public Task AnsweredAsync(string[] answerKeys, CancellationToken cancellationToken) =>
        Resends.RemoveAsync(this, answerKeys, cancellationToken);

    /// <summary>
    /// True the first time this consumer sees the event; the acceptance commits with the effect. False: the effect of
    /// an earlier delivery is committed already.
    /// </summary>
    /// <param name="consumer">A constant written by hand: a renamed class must not run old messages again.</param>
    /// <param name="eventId">The event's id.</param>
    /// <param name="cancellationToken">Stops the statement.</param>
    public Task<bool> TryAcceptAsync(string consumer, Guid eventId, CancellationToken cancellationToken) =>
        Inbox.TryAcceptAsync(this, consumer, eventId, cancellationToken);

    /// <summary>
    /// As <see cref="TryAcceptAsync"/>, for many at once and whose effects have keys of their own that tell the first
    /// delivery from a later one.
    /// </summary>
    /// <param name="events">Constant consumer names, each with an event's id.</param>
    /// <param name="cancellationToken">Stops the statement.</param>
    public Task AcceptAllAsync(IReadOnlyCollection<(string Consumer, Guid EventId)> events, CancellationToken cancellationToken) =>
        Inbox.AcceptAllAsync(
            this, [.. events.Select(row => row.Consumer)], [.. events.Select(row => row.EventId)], cancellationToken);

    /// <summary>A command in this transaction, for Dapper's calls on <see cref="Connection"/>.</summary>
    public CommandDefinition Command(string sql, object? parameters, CancellationToken cancellationToken) =>
        new(sql, parameters, _transaction, cancellationToken: cancellationToken);

    public Task<int> ExecuteAsync(string sql, object? parameters, CancellationToken cancellationToken) =>
        Connection.ExecuteAsync(Command(sql, parameters, cancellationToken));

    public Task<T?> QuerySingleOrDefaultAsync<T>(string sql, object? parameters, CancellationToken cancellationToken) =>
        Connection.QuerySingleOrDefaultAsync<T>(Command(sql, parameters, cancellationToken));

    public Task<T> QuerySingleAsync<T>(string sql, object? parameters, CancellationToken cancellationToken) =>
        Connection.QuerySingleAsync<T>(Command(sql, parameters, cancellationToken));

    public Task<IEnumerable<T>> QueryAsync<T>(string sql, object? parameters, CancellationToken cancellationToken) =>
        Connection.QueryAsync<T>(Command(sql, parameters, cancellationToken));

    /// <summary>Commits the change with its events, in one round trip, then wakes the dispatcher with them.</summary>
    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        if (_messages.Count == 0)
        {
            await _transaction.CommitAsync(cancellationToken);
            return;
        }

        await using var last = new NpgsqlBatch(Connection, _transaction);
        foreach (var (answerKey, message) in _waiting)
        {
            last.BatchCommands.Add(Resends.AddCommand(answerKey, message));
        }

        last.BatchCommands.Add(Outbox.InsertCommand(_messages));
        last.BatchCommands.Add(new NpgsqlBatchCommand("COMMIT"));
        var leasedAt = Stopwatch.GetTimestamp();
        await using (var reader = await last.ExecuteReaderAsync(cancellationToken))
        {
            await Outbox.TakeKeysAsync(_messages, leasedAt, reader, cancellationToken); // The only rows that come back.
            await reader.NextResultAsync(cancellationToken); // What the end itself comes to.
        }

        _outbox.Committed(_messages);
        _messages.Clear();
        _waiting.Clear();
    }

    /// <summary>
    /// Runs the last statements, prepared, and commits: in one round trip when no event goes along. When it throws, all
    /// is rolled back, or the connection broke and the commit is not known.
    /// </summary>
    public async Task CommitAsync(NpgsqlBatch last, CancellationToken cancellationToken)
    {
        var hasEvents = _messages.Count > 0;
        if (!hasEvents)
        {
            last.BatchCommands.Add(new NpgsqlBatchCommand("COMMIT"));
        }

        await last.PrepareAsync(cancellationToken);
        await last.ExecuteNonQueryAsync(cancellationToken);
        if (hasEvents)
        {
            await CommitAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        if (!LeavesConnectionOpen)
        {
            await Connection.DisposeAsync();
        }
    }
}
