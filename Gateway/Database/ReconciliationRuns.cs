using System.Text.Json;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Database;
using ArdorQr.ServiceDefaults.Http;

namespace ArdorQr.Gateway.Database;

/// <summary>A row of <c>gateway.reconciliation_run</c>.</summary>
internal sealed record RunRow
{
    public const string Done = "done";
    public const string Failed = "failed";

    public Guid Id { get; init; }
    public DateTime? Night { get; init; }
    public string? RequestedBy { get; init; }
    public string State { get; init; } = "";
    public DateTimeOffset FromAt { get; init; }
    public DateTimeOffset UntilAt { get; init; }
    public long Epoch { get; init; }
    public string Compared { get; init; } = "{}";
    public long Discrepancies { get; init; }
    public string? Failure { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
}

/// <summary>A stored discrepancy.</summary>
internal sealed record DiscrepancyRow
{
    public int Number { get; init; }
    public string Kind { get; init; } = "";
    public string Details { get; init; } = "{}";
}

/// <summary>Another replica has taken the run over: nothing of this one's may be written.</summary>
internal sealed class RunLostException(Guid id) : Exception($"Reconciliation {id} is made by another replica now.");

/// <summary>Statements on runs of the reconciliation and on what they found.</summary>
internal static class ReconciliationRuns
{
    public const int LeaseSeconds = 60;

    /// <summary>Of one run; further ones are counted.</summary>
    public const int MaxStored = 1_000;

    private const int MaxTries = 6;

    private const string Columns =
        """
        id, night, requested_by, state, from_at, until_at, epoch, compared::text, discrepancies, failure, created_at,
        finished_at
        """;

    /// <summary>Makes the run of the night that was due last, if it isn't there, and forgets old ones.</summary>
    /// <param name="database">The Gateway's.</param>
    /// <param name="id">Of the new run.</param>
    /// <param name="due">In Europe/Moscow.</param>
    /// <param name="window">How far it looks back, what it leaves out as in flight, how long runs are kept.</param>
    /// <param name="cancellationToken">Stops the statements.</param>
    public static async Task ScheduleAsync(
        ServiceDatabase database, Guid id, TimeOnly due, (int Days, int MarginSeconds, int RetentionDays) window,
        CancellationToken cancellationToken)
    {
        const string insertSql =
            """
            INSERT INTO gateway.reconciliation_run (id, night, from_at, until_at)
            SELECT @id, (clock_timestamp() AT TIME ZONE 'Europe/Moscow' - @due::interval)::date,
                gateway.reconciled_from(now() - make_interval(days => @days, secs => @margin)),
                now() - make_interval(secs => @margin)
            WHERE NOT EXISTS (
                SELECT FROM gateway.reconciliation_run
                WHERE night = (clock_timestamp() AT TIME ZONE 'Europe/Moscow' - @due::interval)::date)
            ON CONFLICT (night) DO NOTHING
            """;
        const string forgetSql =
            """
            DELETE FROM gateway.reconciliation_run
            WHERE finished_at < clock_timestamp() - make_interval(days => @retention)
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(
            insertSql, new { id, due = due.ToTimeSpan(), days = window.Days, margin = window.MarginSeconds }, cancellationToken);
        await connection.ExecuteAsync(forgetSql, new { retention = window.RetentionDays }, cancellationToken);
    }

    /// <summary>A run that an operator asks for.</summary>
    public static Task<RunRow> RequestAsync(
        ServiceTransaction transaction, Guid id, string requestedBy, int days, int marginSeconds,
        CancellationToken cancellationToken) =>
        transaction.QuerySingleAsync<RunRow>(
            $"""
             INSERT INTO gateway.reconciliation_run (id, requested_by, from_at, until_at)
             VALUES (@id, @requestedBy,
                     gateway.reconciled_from(now() - make_interval(days => @days, secs => @marginSeconds)),
                     now() - make_interval(secs => @marginSeconds))
             RETURNING {Columns}
             """,
            new { id, requestedBy, days, marginSeconds }, cancellationToken);

    /// <summary>
    /// Takes the oldest run that nobody makes, unless one is being made; null when there is none. It begins anew: what an
    /// earlier try found is forgotten. One that was tried too often has failed.
    /// </summary>
    public static async Task<RunRow?> TryClaimAsync(ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string giveUpSql =
            """
            UPDATE gateway.reconciliation_run
            SET state = 'failed', failure = coalesce(failure, 'No try came to its end.'), finished_at = clock_timestamp()
            WHERE finished_at IS NULL AND leased_until < clock_timestamp() AND epoch >= @MaxTries
            """;
        const string claimSql =
            $"""
             UPDATE gateway.reconciliation_run
             SET state = 'running', epoch = epoch + 1, leased_until = clock_timestamp() + make_interval(secs => @LeaseSeconds),
                 discrepancies = 0, compared = jsonb_build_object()
             WHERE id = (
                 SELECT id FROM gateway.reconciliation_run AS next
                 WHERE finished_at IS NULL AND leased_until <= clock_timestamp() AND NOT EXISTS (
                     SELECT FROM gateway.reconciliation_run AS other
                     WHERE other.finished_at IS NULL AND other.state = 'running' AND other.leased_until > clock_timestamp())
                 ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
             RETURNING {Columns}
             """;
        await using var transaction = await database.BeginAsync(cancellationToken);
        await transaction.ExecuteAsync( // One claims at a time: two could take two runs.
            "SELECT pg_advisory_xact_lock(hashtext('gateway.reconciliation'))", null, cancellationToken);
        await transaction.ExecuteAsync(giveUpSql, new { MaxTries }, cancellationToken);
        var run = await transaction.QuerySingleOrDefaultAsync<RunRow>(claimSql, new { LeaseSeconds }, cancellationToken);
        if (run is not null)
        {
            await transaction.ExecuteAsync(
                "DELETE FROM gateway.discrepancy WHERE run_id = @Id", new { run.Id }, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return run;
    }

    /// <summary>Extends the lease and tells how far the run is.</summary>
    /// <exception cref="RunLostException">Another replica has taken it over.</exception>
    public static async Task RenewAsync(
        ServiceDatabase database, RunRow run, object compared, CancellationToken cancellationToken)
    {
        const string sql =
            """
            UPDATE gateway.reconciliation_run
            SET leased_until = clock_timestamp() + make_interval(secs => @LeaseSeconds), compared = @compared::jsonb
            WHERE id = @Id AND epoch = @Epoch AND finished_at IS NULL
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        if (await connection.ExecuteAsync(
            sql, new { run.Id, run.Epoch, LeaseSeconds, compared = Json(compared) }, cancellationToken) == 0)
        {
            throw new RunLostException(run.Id);
        }
    }

    /// <summary>
    /// Counts a discrepancy, and stores it if not too many are; false for one that an operator has accepted as it is.
    /// </summary>
    /// <exception cref="RunLostException">Another replica has taken it over.</exception>
    public static async Task<bool> AddAsync(
        ServiceDatabase database, RunRow run, Discrepancy found, CancellationToken cancellationToken)
    {
        const string countSql =
            """
            UPDATE gateway.reconciliation_run SET discrepancies = discrepancies + 1
            WHERE id = @Id AND epoch = @Epoch AND finished_at IS NULL
            RETURNING discrepancies
            """;
        const string sql =
            "INSERT INTO gateway.discrepancy (run_id, number, kind, details) VALUES (@Id, @number, @Kind, @details::jsonb)";
        var details = Json(found);
        await using var transaction = await database.BeginAsync(cancellationToken);
        if (await AcceptedDiscrepancies.ContainAsync(transaction, found.Kind, details, cancellationToken))
        {
            return false;
        }

        var number = await transaction.QuerySingleOrDefaultAsync<long?>(countSql, new { run.Id, run.Epoch }, cancellationToken)
            ?? throw new RunLostException(run.Id);
        if (number <= MaxStored)
        {
            await transaction.ExecuteAsync(
                sql, new { run.Id, number = (int)number, found.Kind, details }, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>Ends the run: done, or failed for a reason.</summary>
    public static Task EndAsync(
        ServiceDatabase database, RunRow run, object compared, string? failure, CancellationToken cancellationToken) =>
        WriteAsync(
            database,
            """
            UPDATE gateway.reconciliation_run
            SET state = CASE WHEN @failure::text IS NULL THEN 'done' ELSE 'failed' END, failure = @failure,
                compared = @compared::jsonb, finished_at = clock_timestamp()
            WHERE id = @Id AND epoch = @Epoch AND finished_at IS NULL
            """,
            new { run.Id, run.Epoch, failure, compared = Json(compared) }, cancellationToken);

    /// <summary>Leaves the run to the next try, which comes after a pause.</summary>
    public static Task PauseAsync(
        ServiceDatabase database, RunRow run, string failure, int pauseSeconds, CancellationToken cancellationToken) =>
        WriteAsync(
            database,
            """
            UPDATE gateway.reconciliation_run
            SET state = 'waiting', failure = @failure,
                leased_until = clock_timestamp() + make_interval(secs => @pauseSeconds)
            WHERE id = @Id AND epoch = @Epoch AND finished_at IS NULL
            """,
            new { run.Id, run.Epoch, failure, pauseSeconds }, cancellationToken);

    /// <summary>The run that ended last, and how long ago in seconds; null when none has.</summary>
    public static async Task<(RunRow Run, double AgeSeconds)?> LastAsync(
        ServiceDatabase database, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
             SELECT {Columns} FROM gateway.reconciliation_run WHERE finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT 1
             """;
        const string ageSql =
            """
            SELECT extract(epoch FROM clock_timestamp() - finished_at)::float8 FROM gateway.reconciliation_run WHERE id = @Id
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<RunRow>(sql, null, cancellationToken) is { } run
            ? (run, await connection.QuerySingleAsync<double>(ageSql, new { run.Id }, cancellationToken))
            : null;
    }

    public static async Task<RunRow?> FindAsync(ServiceDatabase database, Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<RunRow>(
            $"SELECT {Columns} FROM gateway.reconciliation_run WHERE id = @id", new { id }, cancellationToken);
    }

    public static async Task<IReadOnlyList<RunRow>> ListAsync(
        ServiceDatabase database, int limit, DateTimeOffset? before, CancellationToken cancellationToken)
    {
        const string sql =
            $"""
             SELECT {Columns} FROM gateway.reconciliation_run
             WHERE @before::timestamptz IS NULL OR created_at < @before
             ORDER BY created_at DESC LIMIT @limit
             """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return [.. await connection.QueryAsync<RunRow>(sql, new { limit, before }, cancellationToken)];
    }

    /// <summary>What a run found, in the order of finding.</summary>
    public static async Task<IReadOnlyList<DiscrepancyRow>> DiscrepanciesAsync(
        ServiceDatabase database, Guid id, int after, int limit, CancellationToken cancellationToken)
    {
        const string sql =
            """
            SELECT number, kind, details::text FROM gateway.discrepancy
            WHERE run_id = @id AND number > @after ORDER BY number LIMIT @limit
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return [.. await connection.QueryAsync<DiscrepancyRow>(sql, new { id, after, limit }, cancellationToken)];
    }

    private static async Task WriteAsync(
        ServiceDatabase database, string sql, object parameters, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(sql, parameters, cancellationToken);
    }

    private static string Json(object value) => JsonSerializer.Serialize(value, ApiJson.Options);
}
