using System.Diagnostics;
using ArdorQr.Ledger.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Errors;
using ArdorQr.ServiceDefaults.Faults;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace ArdorQr.Ledger.Database;

/// <summary>
/// Posts transfers by group commit: whatever has queued while the last batch committed is the next batch, one
/// transaction for all, so that a hot wallet costs no more than many cold ones. Several replicas are correct together,
/// as the wallets' locks and the unique keys decide, not this process.
/// </summary>
internal sealed partial class PostingEngine(
    ServiceDatabase database, FaultHook faults, LedgerMetrics metrics, ILogger<PostingEngine> logger) : BackgroundService
{
    public const int MaxBatch = 500;

    /// <summary>A batch that the surroundings broke is posted anew: what an unknown commit wrote is found by its ids.</summary>
    private const int MaxAttempts = 3;

    private readonly FairQueue<Work> _queue = new();

    /// <summary>The batches' own, with their statements prepared; null before the first and after a failure.</summary>
    private NpgsqlConnection? _connection;

    /// <summary>
    /// Posts one request and returns its outcome after the commit; <see cref="Outcome.Busy"/> when too many wait.
    /// </summary>
    /// <param name="request">The request; the same id may be sent again at any time.</param>
    /// <param name="announcement">What commits together with the answer; null for a caller that waits for it.</param>
    /// <param name="cancellationToken">Ends the waiting only: a request that was taken is posted.</param>
    /// <exception cref="Exception">The database is away (transient: ask again by id), or a defect.</exception>
    public async Task<Outcome> PostAsync(
        TransferRequest request, Announcement? announcement, CancellationToken cancellationToken)
    {
        var work = new Work(request, announcement);
        if (!_queue.TryAdd(request.Wallet.MerchantId, work))
        {
            return new Outcome.Busy();
        }

        metrics.Queued();
        return await work.Done.Task.WaitAsync(cancellationToken);
    }

    public override Task StopAsync(CancellationToken cancellationToken)
    {
        _queue.Close(); // What was taken is posted; the loop ends when the queue is empty.
        return base.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var batch = new List<Work>(MaxBatch);
        while (await _queue.WaitAsync())
        {
            _queue.Take(batch, MaxBatch);
            metrics.Taken(batch.Count);
            await PostAsync(batch);
            batch.Clear();
        }

        if (_connection is { } connection)
        {
            await connection.DisposeAsync();
        }
    }

    /// <summary>Posts a batch and answers every caller. A batch that fails by a defect is halved until that is alone.</summary>
    private async Task PostAsync(List<Work> batch)
    {
        try
        {
            var outcomes = await CommitWithRetriesAsync(batch);
            if (batch.Any(work => work.Request is TransferRequest.Debit))
            {
                faults.Reach("ledger.committed");
            }

            for (var index = 0; index < batch.Count; index++)
            {
                batch[index].Done.SetResult(outcomes[index]);
            }
        }
        catch (Exception exception) when (batch.Count == 1 || Transient.Is(exception))
        {
            LogBatchFailed(batch.Count, batch[0].Request.Id, exception);
            batch.ForEach(work => work.Done.SetException(exception));
        }
        catch (Exception exception)
        {
            LogBatchHalved(batch.Count, exception);
            await PostAsync(batch[..(batch.Count / 2)]);
            await PostAsync(batch[(batch.Count / 2)..]);
        }
    }

    private async Task<IReadOnlyList<Outcome>> CommitWithRetriesAsync(List<Work> batch)
    {
        for (var (attempts, races) = (1, 0); ;)
        {
            try
            {
                if (await TryCommitAsync(batch) is { } outcomes)
                {
                    return outcomes;
                }

                if (++races > batch.Count + 1) // A wallet is opened once, and each id can be lost to another once.
                {
                    throw new UnreachableException("The books kept changing under their locks.");
                }
            }
            catch (Exception exception) when (attempts++ < MaxAttempts && Transient.Is(exception))
            {
                LogBatchRetried(batch.Count, exception.Message);
            }
        }
    }

    /// <summary>One batch, one transaction. Null when it must be tried again: a wallet or an id appeared meanwhile.</summary>
    private async Task<IReadOnlyList<Outcome>?> TryCommitAsync(List<Work> batch)
    {
        // No caller's token: one who left must not take the others' money movements along.
        var cancellationToken = CancellationToken.None;
        var connection = _connection ?? await database.OpenAsync(cancellationToken);
        _connection = null; // Until it is known to be sound.
        try
        {
            var outcomes = await TryCommitAsync(connection, batch, cancellationToken);
            _connection = connection;
            return outcomes;
        }
        finally
        {
            if (_connection is null)
            {
                await connection.DisposeAsync();
            }
        }
    }

    private async Task<IReadOnlyList<Outcome>?> TryCommitAsync(
        NpgsqlConnection connection, List<Work> batch, CancellationToken cancellationToken)
    {
        var requests = batch.Select(work => work.Request).ToList();
        await using var transaction = await database.BeginAsync(connection, cancellationToken);
        if (await Books.TryOpenAsync(transaction, requests, cancellationToken) is not { } books)
        {
            await transaction.DisposeAsync();
            var wallets = requests.Select(request => request.Wallet).Distinct().ToList();
            await Books.OpenWalletsAsync(database, wallets, cancellationToken);
            return null;
        }

        var postings = Posting.Post(books, requests);
        await AnnounceAsync(transaction, batch, postings.Outcomes, cancellationToken);
        if (!await BookWriting.TryCommitAsync(transaction, postings, cancellationToken))
        {
            return null;
        }

        metrics.Committed(batch.Count, postings);
        return postings.Outcomes;
    }

    private static async Task AnnounceAsync(
        ServiceTransaction transaction, List<Work> batch, IReadOnlyList<Outcome> outcomes,
        CancellationToken cancellationToken)
    {
        var accepted = new List<(string Consumer, Guid EventId)>();
        var announced = new HashSet<Guid>();
        for (var index = 0; index < batch.Count; index++)
        {
            if (batch[index].Announcement is not { } announcement
                || outcomes[index] is not Outcome.Answered { Transfer: var transfer })
            {
                continue;
            }

            accepted.Add((announcement.Consumer, announcement.EventId));
            if (announced.Add(transfer.TransferId)) // Two deliveries of one event may meet in a batch: one answer.
            {
                announcement.Enqueue(transaction, transfer);
            }
        }

        if (accepted.Count > 0)
        {
            await transaction.AcceptAllAsync(accepted, cancellationToken);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "A batch of {Count} met a fault of the surroundings and is posted anew: {Reason}")]
    private partial void LogBatchRetried(int count, string reason);

    [LoggerMessage(Level = LogLevel.Error,
        Message = "A batch of {Count} failed and is halved to find the request that it fails by")]
    private partial void LogBatchHalved(int count, Exception exception);

    [LoggerMessage(Level = LogLevel.Error,
        Message = "{Count} requests failed, the first is transfer {TransferId}; they may be sent again by their ids")]
    private partial void LogBatchFailed(int count, Guid transferId, Exception exception);

    private sealed record Work(TransferRequest Request, Announcement? Announcement)
    {
        public TaskCompletionSource<Outcome> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>A consumer's part in a batch: its event is accepted and its answer enqueued, also for a repetition.</summary>
/// <param name="Consumer">The inbox's name, a constant.</param>
/// <param name="EventId">The event that is consumed.</param>
/// <param name="Enqueue">Enqueues the answer for the transfer as it stands.</param>
internal sealed record Announcement(string Consumer, Guid EventId, Action<ServiceTransaction, Transfer> Enqueue);
